import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { createRateLimiter } from '../base/rate-limiter.ts';
import { addressOf, noise, SwarmLab } from './swarm-fixtures.ts';
import type { SwarmOptions } from './swarm-options.ts';

const rate = 4_000_000;
const bytes = noise(4_000_000);
const limited = (): { upload: SwarmOptions['upload'] } => ({
  upload: createRateLimiter(rate, systemClock),
});

/** Milliseconds that hosts take to fetch a blob from one seeder. */
async function timeOf(
  seeding: Partial<SwarmOptions>,
  hosts: readonly Partial<SwarmOptions>[],
): Promise<number> {
  await using lab = await SwarmLab.create();
  const seed = await lab.seed(bytes);
  const seeder = await lab.start([seed], seeding);
  const swarms = await Promise.all(hosts.map((options) => lab.start([], options)));
  const begun = performance.now();
  const downloads = swarms.map((swarm, index) =>
    swarm.download(seed.metainfo, { path: lab.path(`copy-${index}`), peers: [addressOf(seeder)] }),
  );
  await Promise.all(downloads.map((download) => download.done));
  const took = performance.now() - begun;
  for (const index of swarms.keys())
    assert.deepEqual(await readFile(lab.path(`copy-${index}`)), bytes);
  return took;
}

suite('rates', { timeout: 60_000 }, () => {
  test('an upload rate is kept and used, with one peer', async () => {
    const took = await timeOf(limited(), [{}]);
    assert.ok(took > 900 && took < 3_000, `${took} ms for one second’s bytes`);
  });

  test('an upload rate is kept over all peers together', async () => {
    const took = await timeOf(limited(), [{}, {}]);
    assert.ok(took > 1_850 && took < 5_000, `${took} ms for two seconds’ bytes`);
  });

  test('a download rate is kept and used, and no byte is lost by pausing', async () => {
    const took = await timeOf({}, [{ download: createRateLimiter(rate, systemClock) }]);
    assert.ok(took > 900 && took < 3_000, `${took} ms for one second’s bytes`);
  });

  test('what else flows over the same limiter counts', async () => {
    const download = createRateLimiter(rate, systemClock);
    const other = setInterval(() => void download.take(rate / 20), 100);
    const took = await timeOf({}, [{ download }]);
    clearInterval(other);
    assert.ok(took > 1_600 && took < 5_000, `${took} ms for two seconds’ bytes`);
  });
});
