import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { profiling } from '../profiling.ts';
import { writeTorrent } from './blob.ts';
import { begin, portOf, type Contender } from './contender.ts';

const script = fileURLToPath(new URL('docket-peer.ts', import.meta.url));

export interface DocketOptions {
  /** The folder for a CPU profile of each peer. */
  readonly cpuProfile: string | undefined;
  /** The sender shows its pieces as a registry does. */
  readonly isOrigin: boolean;
}

/** Docket's own engine. */
export function docket(options: DocketOptions): Contender {
  const environment = { DOCKET_BENCH_ORIGIN: options.isOrigin ? '1' : '0' };
  const command = (role: string): readonly string[] => {
    const flags = profiling(options.cpuProfile, `${role}-${Date.now()}`);
    return [process.execPath, ...flags, script, role];
  };
  return {
    name: 'docket',
    missing: () => undefined,
    async start({ place, blob, target }) {
      const torrent = await writeTorrent(blob, join(target, 'blob.torrent'));
      const path = join(target, 'blob');
      const sender = place.start([...command('seed'), torrent, blob.path], {
        name: 'docket sender',
        environment,
      });
      const port = await portOf(sender);
      const receiver = place.start([...command('fetch'), torrent, path, String(port)], {
        name: 'docket receiver',
      });
      await portOf(receiver);
      return { sender, receiver, path, transfer: () => begin(receiver) };
    },
  };
}
