import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Few } from './few.ts';

test('one that is added twice is in it once, and not after it is deleted', () => {
  const few = new Few<string>();
  for (const item of ['a', 'b', 'a']) few.add(item);
  assert.deepEqual([...few], ['a', 'b']);
  assert.equal(few.size, 2);
  few.delete('a');
  few.delete('c');
  assert.deepEqual([few.has('a'), few.has('b'), few.size], [false, true, 1]);
});

test('one that is alone is the only one', () => {
  const few = new Few<string>();
  assert.equal(few.only, undefined);
  few.add('a');
  assert.equal(few.only, 'a');
  few.add('b');
  assert.equal(few.only, undefined);
});
