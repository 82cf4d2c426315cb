import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { addressOf, noise, SwarmLab, until } from './swarm-fixtures.ts';

suite('sharing', { timeout: 60_000 }, () => {
  test('two downloads of the same blob are one', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(noise(1_000_000));
    const seeder = await lab.start([seed]);
    const host = await lab.start();
    const options = { path: lab.path('copy'), peers: [addressOf(seeder)] };
    const first = host.download(seed.metainfo, options);
    const second = host.download(seed.metainfo, { path: lab.path('other') });
    assert.equal(second, first);
    assert.equal(host.find(seed.metainfo.infoHash), first);
    await second.done;
    assert.equal(seeder.totals().sent, 1_000_000);
  });

  test('twenty torrents at once go over one port', async () => {
    await using lab = await SwarmLab.create();
    const blobs = Array.from({ length: 20 }, (_, index) =>
      noise(300_000 + index * 7_001, index + 1),
    );
    const seeds = await Promise.all(blobs.map((blob) => lab.seed(blob)));
    const seeder = await lab.start(seeds);
    const hosts = [await lab.start(), await lab.start()];
    const peers = [seeder, ...hosts].map(addressOf);
    for (const [index, host] of hosts.entries()) {
      for (const [of, { metainfo }] of seeds.entries())
        void host.download(metainfo, { path: lab.path(`copy-${index}-${of}`), peers });
    }
    for (const [index, host] of hosts.entries()) {
      for (const [of, { metainfo }] of seeds.entries()) {
        await host.find(metainfo.infoHash)?.done;
        assert.deepEqual(await readFile(lab.path(`copy-${index}-${of}`)), blobs[of]);
      }
    }
    assert.equal(seeder.totals().torrents, 20);
  });

  test('two peers that dial each other at once keep one connection', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(noise(200_000));
    for (let turn = 0; turn < 5; turn++) {
      const [a, b] = [await lab.start(), await lab.start()];
      const downloads = [
        a.download(seed.metainfo, { path: lab.path(`a${turn}`), peers: [addressOf(b)] }),
        b.download(seed.metainfo, { path: lab.path(`b${turn}`), peers: [addressOf(a)] }),
      ];
      const counts = (): number[] => downloads.map((download) => download.progress().peers);
      await until('they are connected', () => counts().every((count) => count > 0));
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(counts(), [1, 1]);
      await Promise.all(downloads.map((download) => download.stop()));
    }
  });

  test('a host that is told its own address does not talk to itself', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(noise(200_000));
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [addressOf(host)],
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(download.progress().peers, 0);
  });

  test('a peer that is found only later, or comes back, is dialled again', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(noise(2_000_000));
    const first = await lab.start([seed], { rate: 2_000_000 });
    const { port } = first;
    const host = await lab.start();
    const download = host.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [{ host: '127.0.0.1', port: 1 }, addressOf(first)],
    });
    await until('it has begun', () => download.progress().piecesVerified > 3);
    await first.close();
    await until('it is alone', () => download.progress().peers === 0);
    await lab.start([seed], { listen: { host: '127.0.0.1', port } });
    await download.done;
  });

  test('of a chain of hosts each gives the next what it has while it still fetches', async () => {
    await using lab = await SwarmLab.create();
    const bytes = noise(4_000_000);
    const seed = await lab.seed(bytes);
    let previous = await lab.start([seed], { rate: 4_000_000 });
    const seeder = previous;
    const begun = performance.now();
    const downloads = [];
    for (let index = 0; index < 4; index++) {
      const host = await lab.start([], { rate: 4_000_000 });
      downloads.push(
        host.download(seed.metainfo, {
          path: lab.path(`copy-${index}`),
          peers: [addressOf(previous)],
        }),
      );
      previous = host;
    }
    await Promise.all(downloads.map((download) => download.done));
    const seconds = (performance.now() - begun) / 1_000;
    for (let index = 0; index < 4; index++)
      assert.deepEqual(await readFile(lab.path(`copy-${index}`)), bytes);
    assert.equal(seeder.totals().sent, bytes.length);
    // One after another they would take four seconds.
    assert.ok(seconds < 3, `${seconds} s`);
  });
});
