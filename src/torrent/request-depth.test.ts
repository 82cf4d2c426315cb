import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { requestDepth } from './request-depth.ts';

suite('request depth', () => {
  test('a peer that was never tried owes a few blocks, or one small piece', () => {
    assert.equal(requestDepth(0, 64, 512), 16);
    assert.equal(requestDepth(0, 4, 512), 4);
  });

  test('it owes what it sends in 400 ms', () => {
    assert.equal(requestDepth(0.1, 4, 512), 40);
  });

  test('it never owes more than 4 MiB, nor more than it bears', () => {
    assert.equal(requestDepth(100, 64, 512), 256);
    assert.equal(requestDepth(100, 64, 50), 50);
    assert.equal(requestDepth(0, 64, 1), 1);
  });
});
