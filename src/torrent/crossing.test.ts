import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { encodeCrossing, mostCrossing, parseCrossing } from './crossing.ts';

test('which pieces cross is read as it is written', () => {
  assert.deepEqual(
    [...encodeCrossing({ begun: [1, 258], over: [3] })],
    [0, 0, 0, 1, 0, 0, 1, 2, 0x80, 0, 0, 3],
  );
  const pieces = fc.array(fc.nat(99), { maxLength: 300 });
  fc.assert(
    fc.property(pieces, pieces, (begun, over) => {
      if (begun.length + over.length === 0) return;
      const crossing = { begun, over };
      assert.deepEqual(parseCrossing(encodeCrossing(crossing), 100), crossing);
    }),
  );
});

test('a payload of no pieces, of too many, of a part of one, or of one that does not exist is none', () => {
  assert.equal(parseCrossing(new Uint8Array(), 100), undefined);
  assert.equal(parseCrossing(new Uint8Array(4 * mostCrossing + 4), 100), undefined);
  assert.equal(parseCrossing(new Uint8Array(7), 100), undefined);
  assert.equal(parseCrossing(encodeCrossing({ begun: [0, 100], over: [] }), 100), undefined);
  assert.equal(parseCrossing(encodeCrossing({ begun: [], over: [100] }), 100), undefined);
  assert.equal(parseCrossing(new Uint8Array(4 * mostCrossing), 100)?.begun.length, mostCrossing);
});
