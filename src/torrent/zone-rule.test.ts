import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { Bitfield } from './bitfield.ts';
import { PiecePicker } from './piece-picker.ts';
import { claimPatience, longestClaim, nearPatience, ZoneRule } from './zone-rule.ts';

const pieceCount = 10;

function fieldOf(...pieces: readonly number[]): Bitfield {
  const field = new Bitfield(pieceCount);
  for (const piece of pieces) field.add(piece);
  return field;
}

function setUp(): {
  rule: ZoneRule<string>;
  mayCross: (now: number, ...pieces: readonly number[]) => readonly number[];
} {
  const rule = new ZoneRule<string>(pieceCount, 0);
  const mayCross = (now: number, ...pieces: readonly number[]): readonly number[] => [
    ...rule.crossing(fieldOf(...pieces), now).indexes(),
  ];
  return { rule, mayCross };
}

suite('zone rule', () => {
  test('what nobody in the zone has is fetched from outside', () => {
    const { mayCross } = setUp();
    assert.deepEqual(mayCross(0, 2, 7), [2, 7]);
    assert.deepEqual(mayCross(0), []);
  });

  test('what a peer of the zone has is not, until the last that had it is gone', () => {
    const { rule, mayCross } = setUp();
    rule.gained(2, 1_000);
    rule.gained(2, 2_000);
    assert.deepEqual(mayCross(2_000, 2, 7), [7]);
    rule.lost(fieldOf(2, 5));
    assert.deepEqual(mayCross(2_000, 2, 7), [7]);
    rule.lost(fieldOf(2));
    assert.deepEqual(mayCross(2_000, 2, 7), [2, 7]);
  });

  test('when the zone gives nothing for long, and nobody in it gets anything new, what it has may cross', () => {
    const { rule, mayCross } = setUp();
    rule.gained(2, 1_000);
    rule.claimed('a', 3, 1_000 + nearPatience - 1);
    rule.claimed('a', 2, 1_000);
    assert.deepEqual(mayCross(999 + nearPatience, 2, 3), []);
    assert.deepEqual(mayCross(1_000 + nearPatience, 2, 3), [2]);
    rule.served(1_000 + nearPatience);
    assert.deepEqual(mayCross(1_001 + nearPatience, 2), []);
    rule.gained(4, 20_000);
    assert.deepEqual(mayCross(19_999 + nearPatience, 2), []);
    assert.deepEqual(mayCross(20_000 + nearPatience, 2, 4), [2, 4]);
  });

  test('what a peer of the zone fetches is left to it while it says so', () => {
    const { rule, mayCross } = setUp();
    assert.equal(rule.claimed('a', 3, 0), true);
    assert.equal(rule.claimed('a', 3, 1_000), false);
    assert.deepEqual(mayCross(claimPatience, 3, 4), [4]);
    assert.deepEqual(mayCross(1_000 + claimPatience, 3, 4), [3, 4]);
  });

  test('whoever is gone fetches nothing, but another may fetch the same', () => {
    const { rule, mayCross } = setUp();
    rule.claimed('a', 3, 0);
    rule.claimed('a', 4, 0);
    rule.claimed('b', 4, 0);
    rule.left('a');
    assert.deepEqual(mayCross(1, 3, 4), [3]);
    rule.left('b');
    assert.deepEqual(mayCross(1, 3, 4), [3, 4]);
  });

  test('a claim that is renewed without end is void in the end, but not one of another', () => {
    const { rule, mayCross } = setUp();
    let openAt: number | undefined;
    for (let now = 0; now <= 2 * longestClaim; now += 500) {
      rule.claimed('a', 3, now);
      if (mayCross(now, 3).length > 0) openAt ??= now;
      else assert.equal(openAt, undefined, `claimed again at ${now}`);
    }
    assert.equal(openAt, longestClaim);
    rule.claimed('b', 3, 2 * longestClaim);
    assert.deepEqual(mayCross(2 * longestClaim, 3), []);
  });

  test('the zone is told of a piece when it is asked for first, and again while its source sends', () => {
    const { rule } = setUp();
    assert.equal(rule.asked('far', 1), true);
    assert.equal(rule.asked('far', 1), false);
    assert.equal(rule.asked('other', 1), false);
    assert.equal(rule.asked('far', 2), true);
    const renewals = (sending: string): readonly number[] =>
      rule.renewals((source) => source === sending);
    assert.deepEqual(renewals('far'), [2]);
    assert.deepEqual(renewals('other'), [1]);
    assert.equal(rule.isCrossing(1), true);
  });

  test('what came to nothing is over, and told once; what came is not told', () => {
    const { rule } = setUp();
    for (const piece of [1, 2, 3]) rule.asked('far', piece);
    const over = (): readonly number[] =>
      rule.over(
        (piece) => piece === 1,
        (piece) => piece === 2,
      );
    assert.deepEqual(over(), [3]);
    assert.deepEqual(over(), []);
    assert.deepEqual([rule.isCrossing(1), rule.isCrossing(2)], [true, false]);
    assert.equal(rule.asked('far', 3), true);
  });

  test('a piece that two fetch is free when both have said that they do no more', () => {
    const { rule, mayCross } = setUp();
    rule.claimed('a', 3, 0);
    rule.claimed('b', 3, 0);
    assert.equal(rule.released('a', 3), true);
    assert.equal(rule.released('a', 3), false);
    assert.deepEqual(mayCross(1, 3), []);
    assert.equal(rule.released('b', 3), true);
    assert.deepEqual(mayCross(1, 3), [3]);
  });

  test('a piece that came into the zone is claimed by nobody', () => {
    const { rule, mayCross } = setUp();
    rule.claimed('a', 3, 0);
    rule.gained(3, 1_000);
    rule.lost(fieldOf(3));
    assert.deepEqual(mayCross(1_000, 3), [3]);
  });

  test('the more gateways a zone has, the fewer sources outside each draws from', () => {
    const { rule } = setUp();
    const claim = (count: number, now: number): void => {
      for (let index = 0; index < count; index++) rule.claimed(`peer ${index}`, 1, now);
    };
    assert.equal(rule.mostSources(6, 0), 6);
    claim(2, 0);
    assert.equal(rule.mostSources(6, 0), 4);
    claim(5, 5_000);
    assert.equal(rule.mostSources(6, 5_000), 2);
    rule.left('peer 0');
    assert.equal(rule.mostSources(6, 5_000), 3);
    claim(30, 5_000);
    assert.equal(rule.mostSources(6, 5_000), 1);
    assert.equal(rule.mostSources(6, 15_000), 6);
  });

  test('what the others of the zone claim is not left to begin', () => {
    const { rule } = setUp();
    const picker = new PiecePicker(fieldOf(0, 1, 2, 3, 4, 5, 6, 7), () => 0);
    rule.claimed('a', 8, 0);
    assert.equal(rule.isAnyFree(picker, 0), true);
    rule.claimed('a', 9, 0);
    assert.equal(rule.isAnyFree(picker, 0), false);
    assert.equal(rule.isAnyFree(picker, claimPatience), true);
  });

  test('whatever the others of the zone have, claim and lose, each piece may be fetched in the end', () => {
    const peer = fc.constantFrom('a', 'b', 'c');
    const piece = fc.integer({ min: 0, max: pieceCount - 1 });
    const deed = fc.record({
      kind: fc.constantFrom('gained', 'claimed', 'left', 'served', 'lost'),
      peer,
      piece,
      wait: fc.integer({ min: 0, max: 30_000 }),
    });
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const rule = new ZoneRule<string>(pieceCount, 0);
        const everything = Bitfield.full(pieceCount);
        let now = 0;
        for (const one of deeds) {
          now += one.wait;
          if (one.kind === 'gained') rule.gained(one.piece, now);
          else if (one.kind === 'claimed') rule.claimed(one.peer, one.piece, now);
          else if (one.kind === 'left') rule.left(one.peer);
          else if (one.kind === 'served') rule.served(now);
          else rule.lost(fieldOf(one.piece));
          assert.ok(rule.crossing(everything, now).count <= pieceCount);
        }
        assert.ok(rule.crossing(everything, now + nearPatience + claimPatience).isFull);
      }),
    );
  });
});
