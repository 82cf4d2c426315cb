import type { Random } from '../../../src/base/random.ts';
import type { Network } from '../../../src/swarm/network.ts';
import type { PeerAddress } from '../../../src/torrent/ids.ts';
import { Tracker } from '../../../src/tracker/tracker.ts';
import type { Blob } from '../scenario/blob.ts';
import type { Process } from '../world/process.ts';
import { serve } from './exchange.ts';

/** What of a registry works at the moment. */
export interface ServiceState {
  /** `silent`: it takes requests and never answers them. */
  tracker: 'up' | 'silent' | 'failing';
  webSeed: 'up' | 'silent' | 'failing' | 'lying';
}

export interface ServiceOptions {
  readonly process: Process;
  readonly network: Network;
  readonly random: Random;
  readonly origin: PeerAddress;
  readonly state: ServiceState;
  readonly blobs: readonly Blob[];
}

/** Bytes that a web seed writes at a time. */
const chunk = 64 * 1024;

/** A registry's tracker (the real one) and its web seed, in memory. */
export async function startServices(options: ServiceOptions): Promise<void> {
  const { process, network, random, origin, state } = options;
  const tracker = new Tracker({ clock: process.outerClock, random });
  const isSilent = new Promise<never>(() => {});
  await serve(network, origin.host, async (line, { remote }) => {
    const [service, ...words] = line.split(' ');
    if (service === 'range') return state.webSeed === 'silent' ? isSilent : range(options, words);
    if (state.tracker === 'silent') return await isSilent;
    if (state.tracker === 'failing') return framed(Buffer.from('an error page'));
    const [text = ''] = words;
    const answer =
      service === 'batch'
        ? await tracker.announceBatch(Buffer.from(text, 'hex'), remote, origin)
        : await tracker.announce(text, remote, origin);
    return framed(answer);
  });
}

/** The parts of a range of a blob; undefined: it is not to be had. */
function range(
  { state, blobs }: ServiceOptions,
  [path, first, last]: readonly string[],
): readonly Uint8Array[] | undefined {
  const blob = blobs.find((other) => other.path === path);
  if (blob === undefined || state.webSeed === 'failing') return undefined;
  const right = blob.bytes.subarray(Number(first), Number(last) + 1);
  const bytes = state.webSeed === 'lying' ? Buffer.alloc(right.length, 0xbd) : right;
  const parts: Uint8Array[] = [];
  for (let begin = 0; begin < bytes.length; begin += chunk)
    parts.push(bytes.subarray(begin, begin + chunk));
  return parts;
}

/** An answer whose end can be seen. */
function framed(body: Uint8Array): Uint8Array[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return [length, body];
}
