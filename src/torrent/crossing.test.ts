import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { encodeCrossing, mostCrossing, parseCrossing } from './crossing.ts';

test('which pieces cross is read as it is written', () => {
  assert.deepEqual([...encodeCrossing([1, 258])], [0, 0, 0, 1, 0, 0, 1, 2]);
  fc.assert(
    fc.property(fc.array(fc.nat(99), { minLength: 1, maxLength: 300 }), (pieces) => {
      assert.deepEqual(parseCrossing(encodeCrossing(pieces), 100), pieces);
    }),
  );
});

test('a payload of no pieces, of too many, of a part of one, or of one that does not exist is none', () => {
  assert.equal(parseCrossing(new Uint8Array(), 100), undefined);
  assert.equal(parseCrossing(new Uint8Array(4 * mostCrossing + 4), 100), undefined);
  assert.equal(parseCrossing(new Uint8Array(7), 100), undefined);
  assert.equal(parseCrossing(encodeCrossing([0, 100]), 100), undefined);
  assert.equal(parseCrossing(new Uint8Array(4 * mostCrossing), 100)?.length, mostCrossing);
});
