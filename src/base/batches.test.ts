import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batches } from './batches.ts';

test('a list is cut into parts that are full, but the last', () => {
  assert.deepEqual([...batches([1, 2, 3, 4, 5], 2)], [[1, 2], [3, 4], [5]]);
  assert.deepEqual([...batches([1, 2], 2)], [[1, 2]]);
  assert.deepEqual([...batches([], 2)], []);
});
