import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { seededRandom, type Random } from '../base/random.ts';
import { Bitfield } from './bitfield.ts';
import { fieldOf } from './picture-fixture.ts';
import { PiecePicker } from './piece-picker.ts';

/** A picker that has the pieces of the first picture, among peers that have those of the others. */
function pickerOf(
  had: string,
  peers: readonly string[] = [],
  random: Random = () => 0,
): PiecePicker {
  const picker = new PiecePicker(fieldOf(had), random);
  for (const peer of peers) for (const piece of fieldOf(peer).indexes()) picker.gained(piece);
  return picker;
}

/** Which pieces are open, and whether the count of them is right. */
function openIn(picker: PiecePicker, length: number): string {
  const open = Array.from({ length }, (_, piece) => (picker.isOpen(piece) ? 'o' : '.'));
  assert.equal(picker.openCount, open.filter((state) => state === 'o').length);
  return open.join('');
}

suite('piece picker', () => {
  test('what is had already is not open', () => {
    assert.equal(openIn(pickerOf('x..x.'), 5), '.oo.o');
    assert.equal(openIn(pickerOf('xxx'), 3), '...');
  });

  test('the piece that the fewest peers have comes first', () => {
    const picker = pickerOf('....', ['xxxx', 'xx.x', 'x..x']);
    assert.equal(picker.pick(fieldOf('xxxx')), 2);
    picker.begin(2);
    assert.equal(picker.pick(fieldOf('xxxx')), 1);
    assert.equal(picker.pick(fieldOf('x..x')) === 1, false);
  });

  test('only what the peer has is asked of it', () => {
    const picker = pickerOf('....', ['xxxx']);
    assert.equal(picker.pick(fieldOf('..x.')), 2);
    assert.equal(picker.pick(fieldOf('....')), undefined);
    picker.begin(2);
    assert.equal(picker.pick(fieldOf('..x.')), undefined);
  });

  test('among equally rare pieces each is picked about as often', () => {
    const random = seededRandom(1);
    const counts = [0, 0, 0, 0, 0];
    for (let turn = 0; turn < 3_000; turn++) {
      const piece = pickerOf('x....', ['xxxxx', '....x'], random).pick(fieldOf('xxxxx'));
      counts[piece ?? 0]! += 1;
    }
    assert.equal(counts[0], 0);
    assert.equal(counts[4], 0);
    for (const count of counts.slice(1, 4)) assert.ok(count > 900 && count < 1_100, `${count}`);
  });

  test('a piece that a reader waits for goes before rarer ones, to whom has it', () => {
    const picker = pickerOf('...', ['xxx', 'xx.', 'x..']);
    picker.hurry(0);
    assert.equal(picker.pick(fieldOf('xxx')), 0);
    assert.equal(picker.pick(fieldOf('.xx')), 2);
    picker.begin(0);
    assert.equal(picker.pick(fieldOf('xxx')), 2);
    assert.equal(picker.isUrgent(0), true);
    picker.reopen(0);
    assert.equal(picker.pick(fieldOf('xxx')), 0);
    picker.had(0);
    assert.equal(picker.isAnyUrgent, false);
  });

  test('a peer that leaves takes its share of what is common with it', () => {
    const picker = pickerOf('..', ['xx', 'x.']);
    assert.equal(picker.pick(fieldOf('xx')), 1);
    picker.left(fieldOf('x.'));
    picker.gained(1);
    assert.equal(picker.pick(fieldOf('xx')), 0);
    picker.left(fieldOf('xx'));
    picker.left(fieldOf('.x'));
    assert.deepEqual([picker.availability(0), picker.availability(1)], [0, 0]);
  });

  test('a run is of the open pieces about the rarest one, or from an urgent one on', () => {
    const picker = pickerOf('......x.', ['xxx.xxxx', 'xxx.xxxx']);
    assert.deepEqual(picker.pickRun(10), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(picker.pickRun(3), [1, 2, 3]);
    assert.deepEqual(picker.pickRun(1), [3]);
    picker.begin(1);
    picker.begin(4);
    assert.deepEqual(picker.pickRun(10), [2, 3]);
    picker.hurry(3);
    assert.deepEqual(picker.pickRun(10), [3]);
    picker.hurry(7);
    picker.begin(3);
    assert.deepEqual(picker.pickRun(10), [7]);
    assert.deepEqual(pickerOf('xx').pickRun(10), []);
  });

  test('a run may be limited to some pieces', () => {
    const picker = pickerOf('......x.', ['xxx.xxxx', 'xxx.xxxx']);
    assert.deepEqual(picker.pickRun(10, fieldOf('.xxx.x..')), [1, 2, 3]);
    picker.begin(2);
    assert.deepEqual(picker.pickRun(10, fieldOf('..xx.x..')), [3]);
    assert.deepEqual(picker.pickRun(10, fieldOf('..x.....')), []);
  });

  test('to begin or open a piece twice changes nothing', () => {
    const picker = pickerOf('...');
    picker.begin(1);
    picker.begin(1);
    assert.equal(openIn(picker, 3), 'o.o');
    picker.reopen(1);
    picker.reopen(1);
    assert.equal(openIn(picker, 3), 'ooo');
  });

  test('whatever happens, a piece is open or not as the last event says, and picks are the rarest', () => {
    const length = 12;
    const event = fc.record({
      kind: fc.constantFrom('begin', 'reopen', 'had', 'join', 'leave', 'pick'),
      piece: fc.nat(length - 1),
      bits: fc.nat(2 ** length - 1),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.integer(), (events, seed) => {
        const picker = new PiecePicker(new Bitfield(length), seededRandom(seed));
        const open = new Set(Array.from({ length }, (_, piece) => piece));
        const had = new Set<number>();
        const peers: Bitfield[] = [];
        for (const { kind, piece, bits } of events) {
          const drawn = Bitfield.parse(Uint8Array.of(bits >> 4, (bits & 15) << 4), length);
          assert.ok(drawn !== undefined);
          if (kind === 'begin') {
            picker.begin(piece);
            open.delete(piece);
          } else if (kind === 'reopen' && !had.has(piece)) {
            picker.reopen(piece);
            open.add(piece);
          } else if (kind === 'had') {
            picker.had(piece);
            open.delete(piece);
            had.add(piece);
          } else if (kind === 'join') {
            for (const gained of drawn.indexes()) picker.gained(gained);
            peers.push(drawn);
          } else if (kind === 'leave') {
            const gone = peers.shift();
            if (gone !== undefined) picker.left(gone);
          } else if (kind === 'pick') {
            const havers = (wanted: number): number =>
              peers.filter((peer) => peer.has(wanted)).length;
            const eligible = [...open].filter((wanted) => drawn.has(wanted));
            const picked = picker.pick(drawn);
            if (picked === undefined) assert.equal(eligible.length, 0);
            else assert.equal(havers(picked), Math.min(...eligible.map(havers)));
          }
          assert.equal(picker.openCount, open.size);
          for (let any = 0; any < length; any++) assert.equal(picker.isOpen(any), open.has(any));
        }
      }),
    );
  });
});
