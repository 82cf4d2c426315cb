import assert from 'node:assert/strict';
import test from 'node:test';
import { parseContentRange } from './content-range.ts';

test('a content range is read', () => {
  assert.deepEqual(parseContentRange('bytes 5-9/10'), { first: 5, last: 9, total: 10 });
});

test('a content range that cannot be is refused', () => {
  for (const value of [
    undefined,
    '',
    'bytes 5-9/*',
    'bytes */10',
    'bytes 9-5/10',
    'bytes 5-10/10',
    'bytes 0-9/99999999999999999999',
    'items 0-9/10',
  ]) {
    assert.equal(parseContentRange(value), undefined, value);
  }
});
