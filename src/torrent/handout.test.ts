import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { chooseHandout, type HandoutSources } from './handout.ts';

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

function choose(sources: Partial<HandoutSources<number>>): number[] {
  return chooseHandout({
    want: undefined,
    kept: [],
    fewest: [],
    random: [],
    linked: [],
    isUseful: () => true,
    ...sources,
  });
}

suite('handout', () => {
  test('half of the peers are those with the fewest introductions, half random', () => {
    const chosen = choose({ want: 7, fewest: numbers(0, 20), random: numbers(100, 120) });
    assert.deepEqual(chosen, [0, 1, 2, 3, 100, 101, 102]);
  });

  test('what was given before comes first and counts', () => {
    const chosen = choose({ want: 4, kept: [7, 8], fewest: [8, 1, 2], random: [7, 9, 10] });
    assert.deepEqual(chosen, [7, 8, 1, 9]);
    assert.deepEqual(choose({ want: 2, kept: [7, 8, 9], fewest: [1], random: [2] }), [7, 8]);
  });

  test('peers that are on their way already only fill up', () => {
    const sources = { fewest: [1, 2, 3], random: [3, 2, 1], linked: [1, 3] };
    assert.deepEqual(choose({ want: 1, ...sources }), [2]);
    assert.deepEqual(choose({ want: 9, ...sources }), [2, 1, 3]);
  });

  test('no peer is given for which the asker has no use', () => {
    const all = numbers(0, 10);
    const chosen = choose({
      kept: all,
      fewest: all,
      random: all,
      linked: all,
      isUseful: (n) => n > 7,
    });
    assert.deepEqual(chosen, [8, 9]);
  });

  test('no answer has more than 50 peers, and none where none are wanted', () => {
    assert.equal(choose({ random: numbers(0, 100) }).length, 50);
    assert.equal(choose({ want: 99, fewest: numbers(0, 100), random: numbers(0, 100) }).length, 50);
    assert.deepEqual(choose({ want: 0, kept: [1], fewest: [2], random: [3], linked: [4] }), []);
  });

  test('a large swarm is not read to its end', () => {
    function* endless(): Iterable<number> {
      for (let number = 0; ; number++) yield number;
    }
    assert.equal(choose({ want: 30, fewest: endless(), random: endless() }).length, 30);
  });
});
