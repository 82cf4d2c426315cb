import assert from 'node:assert/strict';
import { readdir, readlink } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { FakeHost, FakePeer } from './fake-peer.ts';
import { addressOf, noise, SwarmLab, until } from './swarm-fixtures.ts';

const bytes = noise(300_000);

/** How many files of a folder this process has open. */
async function openFilesIn(folder: string): Promise<number> {
  const handles = await readdir('/proc/self/fd');
  const paths = await Promise.all(
    handles.map((handle) => readlink(`/proc/self/fd/${handle}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(folder)).length;
}

suite('limits', { timeout: 60_000 }, () => {
  test('no more peers are taken than there may be, and another one when one has left', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed], { maxPeers: 6 });
    const peers: FakePeer[] = [];
    for (let network = 1; network <= 12; network++) {
      const from = `127.0.${network}.1`;
      const peer = await FakePeer.dial(addressOf(seeder), seed.metainfo, { from });
      await until('an answer', () => peer.isGreeted || peer.isClosed);
      peers.push(peer);
    }
    assert.equal(seeder.totals().peers, 6);
    const inside = peers.filter((peer) => !peer.isClosed);
    assert.equal(inside.length, 6);
    inside[0]?.close();
    await until('a place is free', () => seeder.totals().peers === 5);
    const next = await FakePeer.dial(addressOf(seeder), seed.metainfo, { from: '127.0.99.1' });
    await next.hears('haveAll');
    for (const peer of [...peers, next]) peer.close();
  });

  test('a host dials no more peers than it may have, and gets its blob all the same', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    let most = 0;
    let now = 0;
    const hosts = await Promise.all(
      Array.from({ length: 10 }, () =>
        FakeHost.start(seed.metainfo, (peer) => {
          most = Math.max(most, ++now);
          void peer.dropped().then(() => now--);
        }),
      ),
    );
    for (const one of hosts) lab.defer(() => one[Symbol.asyncDispose]());
    const silent = hosts.map(({ address }) => address);
    const host = await lab.start([], { maxPeers: 3 });
    const path = lab.path('copy');
    const download = host.download(seed.metainfo, { path, peers: silent });
    await until('it has what it may', () => host.totals().peers === 3);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    assert.equal(most, 3);
    await download.stop();

    const seeder = await lab.start([seed]);
    await host.download(seed.metainfo, { path, peers: [addressOf(seeder)] }).done;
  });

  test('blobs that peers ask for and leave keep few files open, and can be had again', async () => {
    await using lab = await SwarmLab.create();
    const seeds = await Promise.all(
      Array.from({ length: 200 }, (_, index) => lab.seed(noise(1_000, index + 1))),
    );
    const seeder = await lab.start(seeds);
    for (const { metainfo } of seeds) {
      const peer = await FakePeer.dial(addressOf(seeder), metainfo);
      await peer.hears('haveAll');
      peer.close();
    }
    await until('all have left', () => seeder.totals().peers === 0);
    await until('most are closed', () => seeder.totals().torrents <= 64);
    assert.ok((await openFilesIn(lab.folder)) <= 64);
    for (const { metainfo } of [...seeds.slice(0, 3), ...seeds.slice(-3)]) {
      const again = await FakePeer.dial(addressOf(seeder), metainfo);
      await again.hears('haveAll');
      again.close();
    }
  });
});
