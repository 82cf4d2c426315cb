import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Few } from './few.ts';

const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

test('one that is added twice is in it once, and not after it is deleted', () => {
  const few = new Few<object>();
  for (const item of [a, b, a, c, b]) few.add(item);
  assert.deepEqual([...few], [a, b, c]);
  assert.equal(few.size, 3);
  few.delete(a);
  few.delete(a);
  assert.deepEqual([few.has(a), few.has(b), few.has(c), few.size], [false, true, true, 2]);
  few.delete(c);
  few.delete(b);
  assert.deepEqual([few.has(b), few.size, [...few]], [false, 0, []]);
});

test('one that is alone is the only one', () => {
  const few = new Few<object>();
  assert.equal(few.only, undefined);
  few.add(a);
  assert.equal(few.only, a);
  few.add(b);
  assert.equal(few.only, undefined);
  few.delete(a);
  assert.equal(few.only, b);
});
