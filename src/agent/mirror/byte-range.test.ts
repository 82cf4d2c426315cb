import assert from 'node:assert/strict';
import test from 'node:test';
import { parseByteRange } from './byte-range.ts';

test('ranges name exact bytes', () => {
  const part = (first: number, last: number) => ({ kind: 'part', first, last });
  assert.deepEqual(parseByteRange('bytes=500-1499', 2000), part(500, 1499));
  assert.deepEqual(parseByteRange('bytes=500-', 2000), part(500, 1999));
  assert.deepEqual(parseByteRange('bytes=-500', 2000), part(1500, 1999));
  assert.deepEqual(parseByteRange('bytes=-5000', 2000), part(0, 1999));
  assert.deepEqual(parseByteRange('bytes=1999-5000', 2000), part(1999, 1999));
  assert.deepEqual(parseByteRange('bytes=0-0', 1), part(0, 0));
});

test('a range beyond the end, or that ends before it begins, is outside', () => {
  for (const header of ['bytes=2000-', 'bytes=5000-10000', 'bytes=500-0', 'bytes=-0']) {
    assert.deepEqual(parseByteRange(header, 2000), { kind: 'outside' }, header);
  }
  assert.deepEqual(parseByteRange('bytes=0-', 0), { kind: 'outside' });
});

test('several ranges, and what is no range, get the whole', () => {
  for (const header of [undefined, '', 'bytes=-', 'bytes=0-9,20-29', 'items=0-9', 'bytes=a-b']) {
    assert.deepEqual(parseByteRange(header, 2000), { kind: 'whole' }, header);
  }
});
