import type { Random } from '../../../src/base/random.ts';
import type { Network } from '../../../src/swarm/network.ts';
import type { PeerAddress } from '../../../src/torrent/ids.ts';
import { Tracker } from '../../../src/tracker/tracker.ts';
import type { Process } from '../world/process.ts';
import { serve } from './exchange.ts';

/** What of a registry works at the moment. */
export interface ServiceState {
  /** `silent`: it takes requests and never answers them. */
  tracker: 'up' | 'silent' | 'failing';
  webSeed: 'up' | 'silent' | 'failing' | 'lying';
}

/** Bytes that a web seed writes at a time. */
const chunk = 64 * 1024;

/** A registry's tracker (the real one) and its web seed, in memory. */
export async function startServices(options: {
  readonly process: Process;
  readonly network: Network;
  readonly random: Random;
  readonly origin: PeerAddress;
  readonly state: ServiceState;
  readonly blob: Buffer;
}): Promise<void> {
  const { process, network, random, origin, state, blob } = options;
  const tracker = new Tracker({ clock: process.outerClock, random });
  const isSilent = new Promise<never>(() => {});
  await serve(network, origin.host, async (line, { remote }) => {
    const [service, first = '', last = ''] = line.split(' ');
    if (service === 'announce') {
      if (state.tracker === 'silent') return await isSilent;
      if (state.tracker === 'failing') return framed(Buffer.from('an error page'));
      return framed(await tracker.announce(first, remote, origin));
    }
    if (state.webSeed === 'silent') return await isSilent;
    if (state.webSeed === 'failing') return undefined;
    const range = blob.subarray(Number(first), Number(last) + 1);
    const bytes = state.webSeed === 'lying' ? Buffer.alloc(range.length, 0xbd) : range;
    const parts: Uint8Array[] = [];
    for (let begin = 0; begin < bytes.length; begin += chunk)
      parts.push(bytes.subarray(begin, begin + chunk));
    return parts;
  });
}

/** An answer whose end can be seen. */
function framed(body: Uint8Array): Uint8Array[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return [length, body];
}
