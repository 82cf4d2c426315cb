import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pieceLengthFor } from './piece-length.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

test('a blob has 1024 to 2047 pieces, of 64 KiB at least and 4 MiB at most', () => {
  const expected: readonly (readonly [number, number])[] = [
    [1, 64 * KiB],
    [64 * MiB, 64 * KiB],
    [128 * MiB - 1, 64 * KiB],
    [128 * MiB, 128 * KiB],
    [256 * MiB, 256 * KiB],
    [GiB - 1, 512 * KiB],
    [GiB, MiB],
    [10 * GiB, 4 * MiB],
    [2 ** 52, 4 * MiB],
  ];
  for (const [length, pieceLength] of expected) {
    assert.equal(pieceLengthFor(length), pieceLength, `for ${length} bytes`);
  }
});
