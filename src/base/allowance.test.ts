import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Allowance } from './allowance.ts';

function takeAll(allowance: Allowance, now: number): number {
  let taken = 0;
  while (allowance.take(now)) taken++;
  return taken;
}

test('an allowance gives so many at once, then so many a second, and saves up no more than at first', () => {
  const allowance = new Allowance(10, 50, 0);
  assert.equal(allowance.isFull(0), true);
  assert.equal(takeAll(allowance, 0), 50);
  assert.equal(takeAll(allowance, 99), 0);
  assert.equal(takeAll(allowance, 1_000), 10);
  assert.equal(allowance.isFull(5_999), false);
  assert.equal(allowance.isFull(6_001), true);
  assert.equal(takeAll(allowance, 1_000_000), 50);
});

test('several are taken together or not at all', () => {
  const allowance = new Allowance(10, 50, 0);
  assert.equal(allowance.take(0, 51), false);
  assert.equal(allowance.take(0, 45), true);
  assert.equal(allowance.take(0, 6), false);
  assert.equal(allowance.take(0, 5), true);
});
