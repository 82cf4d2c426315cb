import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { blockAt, blockCount, blockLength, isValidBlock, pieceSize } from './geometry.ts';

const geometries = fc
  .record({
    pieceLength: fc.integer({ min: 1, max: 5 * blockLength }),
    length: fc.integer({ min: 1, max: 40 * blockLength }),
  })
  .map(({ pieceLength, length }) => ({
    pieceLength,
    length,
    pieceCount: Math.ceil(length / pieceLength),
  }));

suite('geometry', () => {
  test('the pieces and their blocks cover a blob exactly, without gap or overlap', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        // A tiny piece length cuts a blob into too many pieces to look at all of them.
        fc.pre(geometry.pieceCount <= 2_000);
        let end = 0;
        for (let piece = 0; piece < geometry.pieceCount; piece++) {
          const size = pieceSize(geometry, piece);
          for (let index = 0; index < blockCount(size); index++) {
            const block = blockAt(piece, size, index);
            assert.equal(piece * geometry.pieceLength + block.begin, end);
            assert.ok(isValidBlock(geometry, block));
            end += block.length;
          }
        }
        assert.equal(end, geometry.length);
      }),
    );
  });

  test('a peer may ask for nothing outside the piece, nothing empty and nothing too long', () => {
    const geometry = { length: 100_000, pieceLength: 65_536, pieceCount: 2 };
    const valid = (piece: number, begin: number, length: number): boolean =>
      isValidBlock(geometry, { piece, begin, length });
    assert.ok(valid(0, 49_152, 16_384));
    assert.ok(valid(1, 34_463, 1));
    assert.ok(valid(0, 5, 7));
    assert.ok(!valid(2, 0, 16_384));
    assert.ok(!valid(4_294_967_295, 0, 16_384));
    assert.ok(!valid(0, 0, 0));
    assert.ok(!valid(0, 0, 16_385));
    assert.ok(!valid(0, 49_153, 16_384));
    assert.ok(!valid(1, 34_464, 1));
    // Sums that would wrap in 32 bits.
    assert.ok(!valid(0, 4_294_967_295, 16_384));
    assert.ok(!valid(0, 4_294_950_912, 16_384));
    assert.ok(isValidBlock(geometry, { piece: 0, begin: 0, length: 65_536 }, 65_536));
  });
});
