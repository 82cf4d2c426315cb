import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { blockLength } from './geometry.ts';
import { joinBlocks, longestBlock, splitBlock } from './long-block.ts';

const usual = (piece: number, index: number, length = blockLength) => ({
  piece,
  begin: index * blockLength,
  length,
});

suite('long blocks', () => {
  test('blocks that follow each other in a piece become one, as long as may be', () => {
    const blocks = [
      usual(1, 0),
      usual(1, 1),
      usual(1, 2),
      usual(1, 4),
      usual(2, 5),
      usual(2, 6, 9),
    ];
    assert.deepEqual(joinBlocks(blocks, 2 * blockLength), [
      usual(1, 0, 2 * blockLength),
      usual(1, 2),
      usual(1, 4),
      usual(2, 5, blockLength + 9),
    ]);
    assert.deepEqual(joinBlocks(blocks, blockLength), blocks);
  });

  test('a block is split into usual ones, and joined is the same again', () => {
    const block = fc.record(
      {
        piece: fc.nat(9),
        begin: fc.nat(9).map((index) => index * blockLength),
        length: fc.integer({ min: 1, max: longestBlock }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(block, (long) => {
        const parts = splitBlock(long);
        assert.equal(parts.length, Math.ceil(long.length / blockLength));
        assert.ok(parts.every(({ length }) => length > 0 && length <= blockLength));
        assert.deepEqual(joinBlocks(parts, longestBlock), [long]);
      }),
    );
  });
});
