import assert from 'node:assert/strict';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { pictureOf } from '../torrent/picture-fixture.ts';
import { createMetainfo } from '../torrent/metainfo.ts';
import { BlockCache } from './block-cache.ts';
import { isPiece } from '../torrent/verify-piece.ts';
import { PieceFile } from './piece-file.ts';
import { metainfoOf, noise, SwarmLab } from './swarm-fixtures.ts';

const pieceLength = 300_000;
const bytes = noise(4 * pieceLength + 17);
const metainfo = metainfoOf(bytes, pieceLength);
const piece = (index: number): Buffer =>
  bytes.subarray(index * pieceLength, (index + 1) * pieceLength);
const { signal } = new AbortController();

suite('piece file', () => {
  test('a piece is known by its SHA-256, or by its SHA-1 where there is no other', () => {
    assert.equal(isPiece(metainfo, 1, piece(1)), true);
    assert.equal(isPiece(metainfo, 1, piece(2)), false);
    assert.equal(isPiece(metainfo, 4, piece(4)), true);
    const { name, length, sha1 } = metainfo;
    const plain = createMetainfo({ name, length, pieceLength, sha1, sha256: undefined });
    assert.equal(isPiece(plain, 1, piece(1)), true);
    assert.equal(isPiece(plain, 1, piece(2)), false);
  });

  test('a new file has the length of the blob and none of its pieces', async () => {
    await using lab = await SwarmLab.create();
    const path = lab.path('new');
    const { store: file, had } = await PieceFile.openPartial(
      path,
      metainfo,
      new BlockCache(1e6),
      signal,
    );
    assert.equal(pictureOf(had), '.....');
    assert.equal((await stat(path)).size, bytes.length);
    await file.close();
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
      const cache = new BlockCache(1e6);
      const { store: file, had } = await PieceFile.openPartial(path, metainfo, cache, signal);
      assert.equal(pictureOf(had), picture);
      assert.equal((await stat(path)).size, bytes.length);
      await file.close();
    }
  });

  test('what is written is read, from memory and from disk, across what one read brings', async () => {
    await using lab = await SwarmLab.create();
    for (const cache of [new BlockCache(1e7), new BlockCache(0)]) {
      const path = lab.path('copy');
      const { store: file } = await PieceFile.openPartial(path, metainfo, cache, signal);
      for (const index of [4, 1, 0, 3, 2]) await file.write(index, piece(index));
      await file.sync();
      assert.equal(file.writing, 0);
      assert.deepEqual(await readFile(path), bytes);
      for (const [begin, length] of [
        [0, 16_384],
        [262_144 - 100, 200],
        [262_144, 16_384],
        [pieceLength - 1, 1],
        [5, pieceLength - 5],
      ] as const) {
        const block = { piece: 2, begin, length };
        assert.deepEqual(await file.read(block), piece(2).subarray(begin, begin + length));
      }
      assert.deepEqual(await file.read({ piece: 4, begin: 1, length: 16 }), piece(4).subarray(1));
      await file.close();
    }
  });

  test('what was written lately is at hand at once', async () => {
    await using lab = await SwarmLab.create();
    const cache = new BlockCache(1e7);
    const { store: file } = await PieceFile.openPartial(lab.path('copy'), metainfo, cache, signal);
    await file.write(0, piece(0));
    assert.ok(file.read({ piece: 0, begin: 0, length: 16_384 }) instanceof Uint8Array);
    await file.close();
    assert.equal(cache.get(`${metainfo.infoHash}/0/0`), undefined);
  });

  test('a file that is too short throws, one that is closed too', async () => {
    await using lab = await SwarmLab.create();
    const path = lab.path('short');
    await writeFile(path, bytes);
    const file = await PieceFile.openWhole(path, metainfo, new BlockCache(0));
    await truncate(path, 2 * pieceLength + 5);
    await assert.rejects(async () => file.read({ piece: 2, begin: 0, length: 16_384 }), /ends at/);
    await file.close();
    await assert.rejects(async () => file.read({ piece: 0, begin: 0, length: 16_384 }));
  });

  test('to look through a file ends when it is called off', async () => {
    await using lab = await SwarmLab.create();
    await writeFile(lab.path('copy'), bytes);
    const cache = new BlockCache(0);
    const opening = PieceFile.openPartial(
      lab.path('copy'),
      metainfo,
      cache,
      AbortSignal.abort(new Error('never mind')),
    );
    await assert.rejects(opening, /never mind/);
  });
});
