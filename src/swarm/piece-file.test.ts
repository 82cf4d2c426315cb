import assert from 'node:assert/strict';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { pictureOf } from '../torrent/picture-fixture.ts';
import { fileDisk } from './piece-file.ts';
import { metainfoOf, noise, SwarmLab } from './swarm-fixtures.ts';

const pieceLength = 300_000;
const bytes = noise(4 * pieceLength + 17);
const metainfo = metainfoOf(bytes, pieceLength);
const piece = (index: number): Buffer =>
  bytes.subarray(index * pieceLength, (index + 1) * pieceLength);
const disk = fileDisk(systemClock);
const { signal } = new AbortController();

suite('piece file', () => {
  test('a new file has the length of the blob and none of its pieces', async () => {
    await using lab = await SwarmLab.create();
    const path = lab.path('new');
    const { store, had } = await disk.openPartial(path, metainfo, signal);
    assert.equal(pictureOf(had), '.....');
    assert.equal((await stat(path)).size, bytes.length);
    await store.close();
  });

  test('the pieces that stand in a file already are found, wherever it ends', async () => {
    await using lab = await SwarmLab.create();
    const ends: readonly [number, string][] = [
      [0, '.....'],
      [pieceLength - 1, '.....'],
      [pieceLength, 'x....'],
      [3 * pieceLength + 5, 'xxx..'],
      [bytes.length - 1, 'xxxx.'],
      [bytes.length, 'xxxxx'],
    ];
    for (const [end, picture] of ends) {
      const path = lab.path(`until-${end}`);
      await writeFile(path, bytes.subarray(0, end));
      const { store, had } = await disk.openPartial(path, metainfo, signal);
      assert.equal(pictureOf(had), picture);
      assert.equal((await stat(path)).size, bytes.length);
      await store.close();
    }
  });

  test('what is written is read, in as many parts as are wanted', async () => {
    await using lab = await SwarmLab.create();
    const path = lab.path('copy');
    const { store } = await disk.openPartial(path, metainfo, signal);
    for (const index of [4, 1, 0, 3, 2]) await store.write(index, piece(index));
    await store.sync();
    assert.deepEqual(await readFile(path), bytes);
    for (const [begin, ...lengths] of [
      [0, 16_384],
      [262_044, 100, 100],
      [pieceLength - 1, 1],
      [5, 1, 2, 3, pieceLength - 11],
    ] as const) {
      const parts = lengths.map((length) => Buffer.alloc(length));
      await store.read(2, begin, parts);
      const read = Buffer.concat(parts);
      assert.deepEqual(read, piece(2).subarray(begin, begin + read.length));
    }
    const last = Buffer.alloc(16);
    await store.read(4, 1, [last]);
    assert.deepEqual(last, piece(4).subarray(1));
    await store.close();
  });

  test('a file that is too short throws, one that is closed too', async () => {
    await using lab = await SwarmLab.create();
    const path = lab.path('short');
    await writeFile(path, bytes);
    const store = await disk.openWhole(path, metainfo);
    await truncate(path, 2 * pieceLength + 5);
    await assert.rejects(store.read(2, 0, [Buffer.alloc(16_384)]), /ends at/);
    await store.close();
    await assert.rejects(store.read(0, 0, [Buffer.alloc(16_384)]));
  });

  test('to look through a file ends when it is called off', async () => {
    await using lab = await SwarmLab.create();
    await writeFile(lab.path('copy'), bytes);
    const isOff = AbortSignal.abort(new Error('never mind'));
    await assert.rejects(disk.openPartial(lab.path('copy'), metainfo, isOff), /never mind/);
  });
});
