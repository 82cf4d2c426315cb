import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Unlimited } from '../../src/base/rate-limiter.ts';
import { createTrackerClient } from '../../src/swarm/create-tracker-client.ts';
import { startSwarm } from '../../src/swarm/swarm.ts';
import type { PeerAddress } from '../../src/torrent/ids.ts';
import type { Metainfo } from '../../src/torrent/metainfo.ts';

/** Fetches a blob by a new peer, that dials `peer` or finds others by `tracker`, and throws it away. */
export async function fetchOne(
  metainfo: Metainfo,
  folder: string,
  source: { readonly peer: PeerAddress } | { readonly tracker: string },
): Promise<void> {
  await using trackerClient = new AsyncDisposableStack();
  const client = createTrackerClient();
  trackerClient.defer(() => client.close());
  await using swarm = await startSwarm({
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    upload: new Unlimited(),
    download: new Unlimited(),
    trackerClient: client,
    seed: () => Promise.resolve(undefined),
  });
  const path = join(folder, metainfo.infoHash);
  const download = swarm.download(metainfo, {
    path,
    webSeeds: [],
    peers: 'peer' in source ? [source.peer] : [],
    trackers: 'tracker' in source ? [[source.tracker]] : [],
  });
  const timer = setTimeout(() => void download.stop(), 60_000);
  try {
    await download.done;
  } finally {
    clearTimeout(timer);
    await rm(path, { force: true });
  }
}
