import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bitfield } from '../../src/torrent/bitfield.ts';
import { begunPatience, nearPatience, ZoneRule } from './zone-rule.ts';

function fieldOf(length: number, ...pieces: readonly number[]): Bitfield {
  const field = new Bitfield(length);
  for (const piece of pieces) field.add(piece);
  return field;
}

test('what nobody in the zone has is fetched from outside', () => {
  const rule = new ZoneRule(10);
  assert.deepEqual([...rule.crossing(fieldOf(10, 2, 7), 0).indexes()], [2, 7]);
});

test('what a peer of the zone has is not, until it was waited for long or the last that had it is gone', () => {
  const rule = new ZoneRule(10);
  rule.gained(2, 1000);
  rule.gained(2, 9000);
  assert.deepEqual([...rule.crossing(fieldOf(10, 2, 7), 9000).indexes()], [7]);
  assert.equal(rule.mayCross(2, 1000 + nearPatience), true);
  rule.left(fieldOf(10, 2));
  assert.equal(rule.mayCross(2, 9000), false);
  rule.left(fieldOf(10, 2));
  assert.equal(rule.mayCross(2, 9000), true);
});

test('what a peer of the zone fetches from outside is left to it for a while', () => {
  const rule = new ZoneRule(10);
  rule.begun(3, 500);
  assert.equal(rule.mayCross(3, 500), false);
  assert.equal(rule.mayCross(3, 499 + begunPatience), false);
  assert.equal(rule.mayCross(3, 500 + begunPatience), true);
  assert.equal(rule.mayCross(4, 500), true);
});
