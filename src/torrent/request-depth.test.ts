import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { requestDepth } from './request-depth.ts';

const kib = 1024;
const blockLength = 16 * kib;

suite('request depth', () => {
  test('a peer that was never tried owes a piece, others at least as much', () => {
    assert.equal(requestDepth(0, 1024 * kib, blockLength, 512), 64);
    assert.equal(requestDepth(0, 64 * kib, blockLength, 512), 4);
    assert.equal(requestDepth(1, 64 * kib, blockLength, 512), 4);
    assert.equal(requestDepth(0, 1024 * kib, 256 * kib, 512), 4);
  });

  test('it owes what it sends in 150 ms', () => {
    assert.equal(requestDepth(10_000, 64 * kib, blockLength, 512), 92);
  });

  test('it never owes more than 4 MiB, nor more than it bears', () => {
    assert.equal(requestDepth(1e6, 1024 * kib, blockLength, 512), 256);
    assert.equal(requestDepth(0, 8192 * kib, blockLength, 512), 256);
    assert.equal(requestDepth(1e6, 1024 * kib, blockLength, 50), 50);
    assert.equal(requestDepth(0, 1024 * kib, blockLength, 1), 1);
  });
});
