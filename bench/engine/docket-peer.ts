/**
 * One peer of the benchmark, in a process of its own: the product's swarm engine without a tracker.
 *
 *   docket-peer.ts seed|fetch TORRENT FILE [PEER'S PORT]
 *
 * A fetching one begins when it gets SIGUSR2. Ends cleanly by SIGTERM, so that Node can write its profile.
 */
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Unlimited } from '../../src/base/rate-limiter.ts';
import { startSwarm } from '../../src/swarm/swarm.ts';
import { createTrackerClient } from '../../src/swarm/create-tracker-client.ts';
import { parseMetainfo } from '../../src/torrent/metainfo.ts';

const [role, torrent = '', path = '', peerPort] = process.argv.slice(2);
const metainfo = parseMetainfo(await readFile(torrent));
const trackerClient = createTrackerClient();
const swarm = await startSwarm({
  listen: { host: '127.0.0.1', port: 0 },
  clock: systemClock,
  random: systemRandom,
  log: createLog('warn'),
  upload: new Unlimited(),
  download: new Unlimited(),
  trackerClient,
  seed: () => Promise.resolve(role === 'seed' ? { metainfo, path } : undefined),
  isOrigin: process.env['DOCKET_BENCH_ORIGIN'] === '1' && role === 'seed',
});

process.once('SIGTERM', () => {
  void swarm.close().then(() => trackerClient.close());
});

if (role === 'fetch') process.once('SIGUSR2', () => void fetch());
console.log(`ready at ${swarm.port}`);

async function fetch(): Promise<void> {
  const began = performance.now();
  const peers = [{ host: '127.0.0.1', port: Number(peerPort) }];
  const download = swarm.download(metainfo, { path, peers });
  // `done` also waits for the disk itself, which the other engines do not.
  const timer = setInterval(() => {
    if (download.progress().piecesVerified < metainfo.pieceCount) return;
    clearInterval(timer);
    console.log(`whole after ${((performance.now() - began) / 1000).toFixed(4)} s`);
  }, 2);
  await download.done;
}
