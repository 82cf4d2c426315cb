import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { addressOf, noise, SwarmLab } from './swarm-fixtures.ts';

test('a blob is fetched from its seed, whole and right', async () => {
  await using lab = await SwarmLab.create();
  const bytes = noise(1_000_001);
  const seed = await lab.seed(bytes);
  const seeder = await lab.start([seed]);
  const leecher = await lab.start();
  const download = leecher.download(seed.metainfo, {
    path: lab.path('copy'),
    peers: [addressOf(seeder)],
  });
  await download.done;
  assert.deepEqual(await readFile(lab.path('copy')), bytes);
  assert.equal(download.progress().verified, bytes.length);
  assert.equal(seeder.totals().sent, bytes.length);
});

test('many hosts give each other most of a blob, and the origin sends it about once', async () => {
  await using lab = await SwarmLab.create();
  const bytes = noise(8_000_000);
  const seed = await lab.seed(bytes);
  const origin = await lab.start([seed], { isOrigin: true, rate: 8_000_000 });
  const hosts = await Promise.all(
    Array.from({ length: 5 }, () => lab.start([], { rate: 8_000_000 })),
  );
  const peers = [origin, ...hosts].map(addressOf);
  const downloads = hosts.map((host, index) =>
    host.download(seed.metainfo, { path: lab.path(`copy-${index}`), peers }),
  );
  await Promise.all(downloads.map((download) => download.done));
  for (const index of hosts.keys())
    assert.deepEqual(await readFile(lab.path(`copy-${index}`)), bytes);
  const copies = origin.totals().sent / bytes.length;
  assert.ok(copies < 1.5, `the origin sent ${copies} copies`);
});
