import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { randomInteger, seededRandom, shuffled, systemRandom } from './random.ts';

suite('random', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 5 }, () => random());
    };
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1), draw(2));
  });

  test('seeded numbers lie in [0, 1) and fall evenly', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const tenths = new Uint16Array(10);
        for (let draw = 0; draw < 2_000; draw++) {
          const number = random();
          assert.ok(number >= 0 && number < 1);
          tenths[Math.floor(number * 10)]! += 1;
        }
        for (const count of tenths) assert.ok(count > 120 && count < 290, tenths.join());
      }),
      { numRuns: 50 },
    );
  });

  test('an integer lies in [0, below)', () => {
    for (const random of [systemRandom, () => 0, () => 1 - Number.EPSILON]) {
      for (const below of [1, 2, 7, 1_000_000]) {
        const integer = randomInteger(random, below);
        assert.ok(Number.isInteger(integer) && integer >= 0 && integer < below);
      }
    }
  });

  test('shuffled gives all items once, and leaves the original alone', () => {
    const items = Array.from({ length: 50 }, (_, index) => index);
    const result = shuffled(seededRandom(3), items);
    assert.deepEqual(
      result.toSorted((a, b) => a - b),
      items,
    );
    assert.notDeepEqual(result, items);
    assert.deepEqual(shuffled(seededRandom(3), new Set<number>()), []);
  });

  test('every order of three is about as likely', () => {
    const random = seededRandom(5);
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 6_000; draw++) {
      const order = shuffled(random, 'abc').join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    assert.equal(counts.size, 6);
    for (const count of counts.values()) assert.ok(count > 850 && count < 1_150, `${count}`);
  });
});
