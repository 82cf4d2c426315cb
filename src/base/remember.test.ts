import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remember } from './remember.ts';

test('what was put in first gives way when there is no room', () => {
  const map = new Map<string, number>();
  for (const [index, key] of ['a', 'b', 'c'].entries()) remember(map, key, index, 2);
  assert.deepEqual(
    [...map],
    [
      ['b', 1],
      ['c', 2],
    ],
  );
});
