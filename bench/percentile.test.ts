import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile } from './percentile.ts';

test('a percentile is the time within which that part of the hosts had everything', () => {
  const times = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.equal(percentile(times, 0), 1);
  assert.equal(percentile(times, 0.5), 100);
  assert.equal(percentile(times, 0.99), 198);
  assert.equal(percentile(times, 1), 200);
  assert.equal(percentile([4], 0.5), 4);
  assert.equal(percentile([], 1), null);
});
