import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '../base/random.ts';
import { TrackerOrder, trackerTiers, type TrackerTiers } from './tracker-tiers.ts';

const order = (tiers: TrackerTiers, seed = 1): TrackerOrder =>
  new TrackerOrder(tiers, seededRandom(seed));

suite('tracker tiers', () => {
  test('empty and repeated URLs and empty tiers are left out', () => {
    assert.deepEqual(trackerTiers([['b', '', 'a', 'b'], [], ['a'], ['c', 'a']]), [
      ['b', 'a'],
      ['c'],
    ]);
  });

  test('of trackers without end only some are taken', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => [`http://${index}`]);
    assert.equal(trackerTiers(many).length, 64);
  });

  test('a tier comes after all of the one before it', () => {
    const tried = [...order([['a', 'b', 'c'], ['d'], ['e', 'f']])];
    assert.deepEqual(tried.slice(0, 3).sort(), ['a', 'b', 'c']);
    assert.equal(tried[3], 'd');
    assert.deepEqual(tried.slice(4).sort(), ['e', 'f']);
  });

  test('the trackers of a tier share their load: who is first is drawn', () => {
    const firsts = new Set(
      Array.from({ length: 50 }, (_, seed) => [...order([['a', 'b', 'c']], seed)][0]),
    );
    assert.deepEqual(firsts, new Set(['a', 'b', 'c']));
  });

  test('who answers goes to the front of its own tier', () => {
    const tiers = order([['a', 'b', 'c'], ['d'], ['e', 'f', 'g']]);
    const last = [...tiers][2] ?? '';
    tiers.answered(last);
    tiers.answered('g');
    const tried = [...tiers];
    assert.equal(tried[0], last);
    assert.deepEqual(tried.slice(3, 5), ['d', 'g']);
    assert.equal(new Set(tried).size, 7);
  });
});
