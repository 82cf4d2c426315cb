import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { seededRandom } from '../base/random.ts';
import { Bitfield } from './bitfield.ts';
import { fieldOf } from './picture-fixture.ts';
import { Reveal, revealDepth } from './reveal.ts';

const firstOfEquals = (): number => 0.999_999;
const nothing = (length: number): Bitfield => new Bitfield(length);

/** Shows a peer pieces until there is none to show; which they were. */
function show(reveal: Reveal, has: Bitfield, shown: Bitfield, now: number): string {
  const pieces: number[] = [];
  for (;;) {
    const piece = reveal.next(has, shown, now);
    if (piece === undefined) return pieces.join(' ');
    assert.ok(shown.add(piece), `piece ${piece} was shown already`);
    assert.ok(!has.has(piece), `the peer has piece ${piece}`);
    pieces.push(piece);
  }
}

suite('reveal', () => {
  test('each peer is shown what no other was shown', () => {
    const reveal = new Reveal(4, firstOfEquals);
    const [a, b] = [nothing(4), nothing(4)];
    for (let turn = 0; turn < 2; turn++) {
      a.add(reveal.next(nothing(4), a, 0) ?? -1);
      b.add(reveal.next(nothing(4), b, 0) ?? -1);
    }
    assert.deepEqual(
      [[...a.indexes()], [...b.indexes()]],
      [
        [0, 2],
        [1, 3],
      ],
    );
    assert.equal(reveal.next(nothing(4), a, 0), undefined);
  });

  test('what one was shown and nobody got is shown to others after a while, what somebody got is not', () => {
    const reveal = new Reveal(3, firstOfEquals);
    assert.equal(show(reveal, nothing(3), nothing(3), 0), '0 1 2');
    const other = nothing(3);
    assert.equal(show(reveal, nothing(3), other, 9_999), '');
    assert.equal(show(reveal, nothing(3), other, 10_000), '0 1 2');
  });

  test('a while is three times what it usually takes, and two seconds at least', () => {
    const quick = new Reveal(3, firstOfEquals);
    assert.equal(show(quick, nothing(3), nothing(3), 0), '0 1 2');
    quick.had(1, 'a', 100);
    const other = nothing(3);
    assert.equal(show(quick, nothing(3), other, 1_999), '');
    assert.equal(show(quick, nothing(3), other, 2_000), '0 2');

    const slow = new Reveal(2, firstOfEquals);
    assert.equal(show(slow, nothing(2), nothing(2), 0), '0 1');
    slow.had(0, 'a', 5_000);
    assert.equal(show(slow, nothing(2), nothing(2), 14_999), '');
    assert.equal(show(slow, nothing(2), nothing(2), 15_000), '1');
  });

  test('what a peer has, or was shown, it is not shown', () => {
    const reveal = new Reveal(4, firstOfEquals);
    assert.equal(show(reveal, fieldOf('x...'), fieldOf('.x..'), 0), '2 3');
  });

  test('it is over when every piece is had by some peer', () => {
    const reveal = new Reveal(2, firstOfEquals);
    show(reveal, nothing(2), nothing(2), 0);
    reveal.had(0, 'a', 0);
    reveal.had(0, 'a', 0);
    assert.equal(reveal.isOver, false);
    reveal.had(1, 'a', 0);
    assert.equal(reveal.isOver, true);
  });

  test('one host that says it has what nobody was shown is not believed, two are', () => {
    const reveal = new Reveal(2, firstOfEquals);
    for (const piece of [0, 1, 0, 1]) reveal.had(piece, 'a', 0);
    assert.equal(show(reveal, nothing(2), fieldOf('x.'), 0), '1');
    reveal.had(1, 'a', 0);
    assert.equal(reveal.isOver, false);
    reveal.had(0, 'b', 0);
    assert.equal(reveal.isOver, true);
  });

  test('when it is over the origin keeps back for 15 % of the time that it took, and 5 s at most', () => {
    for (const [took, wait] of [
      [1_000, 150],
      [10_000, 1_500],
      [100_000, 5_000],
    ] as const) {
      const reveal = new Reveal(1, firstOfEquals);
      show(reveal, nothing(1), nothing(1), 100);
      assert.equal(reveal.isDone(1e9), false);
      reveal.had(0, 'a', 100 + took);
      assert.equal(reveal.isDone(100 + took + wait - 1), false);
      assert.equal(reveal.isDone(100 + took + wait), true);
    }
  });

  test('a lone peer that leaves with nothing and returns is shown everything at once', () => {
    const reveal = new Reveal(3, firstOfEquals);
    assert.equal(show(reveal, nothing(3), nothing(3), 0), '0 1 2');
    for (const piece of [0, 1, 2]) reveal.takeBack(piece);
    assert.equal(show(reveal, nothing(3), nothing(3), 1), '0 1 2');
  });

  test('equally little shown pieces come by chance', () => {
    const firsts = new Set<number>();
    for (let seed = 0; seed < 40; seed++)
      firsts.add(new Reveal(5, seededRandom(seed)).next(nothing(5), nothing(5), 0) ?? -1);
    assert.deepEqual(firsts, new Set([0, 1, 2, 3, 4]));
  });

  test('whoever comes and goes, a peer that stays gets all: what was shown, and the rest when it is over', () => {
    const visit = fc.record({ got: fc.nat(255), stays: fc.nat(3) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(visit),
        fc.nat(),
        (length, visits, seed) => {
          const reveal = new Reveal(length, seededRandom(seed));
          let now = 0;
          for (const { got, stays } of visits) {
            const shown = nothing(length);
            for (let turn = 0; turn < stays; turn++)
              shown.add(reveal.next(nothing(length), shown, now) ?? 0);
            for (const piece of shown.indexes()) {
              if ((got >> piece) & 1) reveal.had(piece, 'visitor', 0);
              else reveal.takeBack(piece);
            }
            now += 100;
          }
          const [has, shown] = [nothing(length), nothing(length)];
          for (let turn = 0; turn < length && !reveal.isOver; turn++) {
            now += 2_000;
            show(reveal, has, shown, now);
            for (const piece of shown.indexes()) {
              has.add(piece);
              reveal.had(piece, 'stayer', 0);
            }
          }
          assert.ok(reveal.isOver);
        },
      ),
    );
  });
});

suite('reveal depth', () => {
  test('a peer that was sent nothing yet is shown two pieces', () => {
    assert.equal(revealDepth(0, 65_536), 2);
  });

  test('it is shown what it is sent in 400 ms', () => {
    assert.equal(revealDepth(1_000, 65_536), 7);
    assert.equal(revealDepth(1_000, 1_048_576), 2);
  });

  test('a client of others, which may look at it once a second, is shown more', () => {
    assert.equal(revealDepth(0, 65_536, true), 16);
    assert.equal(revealDepth(1_000, 65_536, true), 39);
    assert.equal(revealDepth(1_000_000, 65_536, true), 64);
    assert.equal(revealDepth(0, 8_388_608, true), 2);
  });

  test('it is shown 4 MiB ahead at most, but two pieces always', () => {
    assert.equal(revealDepth(1_000_000, 65_536), 64);
    assert.equal(revealDepth(1_000_000, 8_388_608), 2);
  });
});
