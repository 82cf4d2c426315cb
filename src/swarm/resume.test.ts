import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { addressOf, noise, SwarmLab, until } from './swarm-fixtures.ts';

const pieceLength = 65_536;
const bytes = noise(40 * pieceLength - 1_000);

suite('resume', { timeout: 60_000 }, () => {
  test('a download that was stopped half way goes on where it was, and fetches nothing again', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed], { rate: 4_000_000 });
    const options = { path: lab.path('copy'), peers: [addressOf(seeder)] };
    const leecher = await lab.start();
    const first = leecher.download(seed.metainfo, options);
    await until('half is there', () => first.progress().piecesVerified >= 20);
    await first.stop();
    await assert.rejects(first.done, { code: 'SWARM_STOPPED' });
    const { verified, bytesFromPeers } = first.progress();
    assert.ok(verified < bytes.length && bytesFromPeers >= verified);

    const second = leecher.download(seed.metainfo, options);
    assert.notEqual(second, first);
    await second.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    const progress = second.progress();
    // Pieces whose write was under way when it was stopped may be there or not.
    assert.ok(progress.resumed >= verified, `${progress.resumed} of ${verified}`);
    assert.equal(progress.resumed + progress.bytesFromPeers, bytes.length);
    assert.equal(progress.verified, bytes.length);
  });

  test('only the pieces that are damaged or missing on disk are fetched', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const seeder = await lab.start([seed]);
    const damaged = Buffer.from(bytes.subarray(0, 30 * pieceLength + 5));
    for (const piece of [3, 17]) damaged[piece * pieceLength + 99]! ^= 1;
    await writeFile(lab.path('copy'), damaged);
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, {
      path: lab.path('copy'),
      peers: [addressOf(seeder)],
    });
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
    const { resumed, bytesFromPeers } = download.progress();
    assert.equal(resumed, 28 * pieceLength);
    assert.equal(bytesFromPeers, bytes.length - resumed);
  });

  test('a file that is whole already is done without any peer', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    await writeFile(lab.path('copy'), bytes);
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
    await download.done;
    const { resumed, piecesVerified, pieceCount } = download.progress();
    assert.deepEqual([resumed, piecesVerified], [bytes.length, pieceCount]);
    assert.deepEqual(await download.read(5, 10), bytes.subarray(5, 15));
  });

  test('a file that is too long is cut to the blob', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    await writeFile(lab.path('copy'), Buffer.concat([bytes, noise(5_000)]));
    const leecher = await lab.start();
    const download = leecher.download(seed.metainfo, { path: lab.path('copy') });
    await download.done;
    assert.deepEqual(await readFile(lab.path('copy')), bytes);
  });

  test('pieces that are on disk are given to others while the rest is still missing', async () => {
    await using lab = await SwarmLab.create();
    const seed = await lab.seed(bytes);
    const halves = [
      bytes.subarray(0, 20 * pieceLength),
      Buffer.concat([Buffer.alloc(20 * pieceLength), bytes.subarray(20 * pieceLength)]),
    ];
    const hosts = await Promise.all([lab.start(), lab.start()]);
    const downloads = hosts.map((host, index) => {
      const path = lab.path(`half-${index}`);
      return writeFile(path, halves[index] ?? '').then(() =>
        host.download(seed.metainfo, { path, peers: hosts.map(addressOf) }),
      );
    });
    for (const [index, download] of (await Promise.all(downloads)).entries()) {
      await download.done;
      assert.deepEqual(await readFile(lab.path(`half-${index}`)), bytes);
      assert.equal(download.progress().bytesFromPeers, bytes.length - download.progress().resumed);
    }
  });
});
