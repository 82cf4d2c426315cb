import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import {
  decideSlots,
  longestIdle,
  longestTurn,
  type SlotCandidate,
  waitersNeeded,
} from './upload-slots.ts';

interface Named extends SlotCandidate {
  readonly name: string;
}

/** `waits` or is `served`, for so many milliseconds. */
function candidate(
  name: string,
  state: 'served' | 'waits' | 'apart',
  rest: Partial<Named> = {},
): Named {
  return {
    name,
    host: name,
    group: undefined,
    isInterested: state !== 'apart',
    isUnchoked: state === 'served',
    isServed: false,
    isSlow: false,
    isForeign: false,
    since: 0,
    asked: 0,
    grant: 1_000,
    idleSince: undefined,
    ...rest,
  };
}

function decide(candidates: readonly Named[], slots: number, now = 500): string {
  const { unchoke, choke } = decideSlots(candidates, slots, now);
  const names = (some: readonly Named[]): string => some.map(({ name }) => name).join(' ');
  return `+${names(unchoke)} -${names(choke)}`;
}

suite('upload slots', () => {
  test('who waited longest comes first, as far as there are slots', () => {
    const waiting = [
      candidate('a', 'waits', { since: 30 }),
      candidate('b', 'waits', { since: 10 }),
      candidate('c', 'waits', { since: 20 }),
      candidate('d', 'apart'),
    ];
    assert.equal(decide(waiting, 2), '+b c -');
    assert.equal(decide(waiting, 8), '+b c a -');
  });

  test('a host of which less is served comes before one that waited longer', () => {
    const waiting = [
      candidate('a1', 'waits', { host: 'a', since: 10 }),
      candidate('a2', 'waits', { host: 'a', since: 20 }),
      candidate('b1', 'waits', { host: 'b', since: 30 }),
      candidate('c1', 'waits', { host: 'c', since: 40 }),
    ];
    assert.equal(decide(waiting, 2), '+a1 b1 -');
    assert.equal(decide(waiting, 4), '+a1 b1 c1 a2 -');
    assert.equal(decide([candidate('a0', 'served', { host: 'a' }), ...waiting], 2), '+b1 -');
  });

  test('who has had its grant gives its slot to one that waits', () => {
    const served = candidate('a', 'served', { asked: 1_000 });
    assert.equal(decide([served, candidate('b', 'waits')], 1), '+b -a');
    assert.equal(decide([{ ...served, asked: 999 }, candidate('b', 'waits')], 1), '+ -');
  });

  test('nobody loses a slot that nobody waits for', () => {
    const served = [
      candidate('a', 'served', { asked: 9_999 }),
      candidate('b', 'served', { idleSince: 0 }),
    ];
    assert.equal(decide(served, 2, 99_999), '+ -');
    assert.equal(decide([...served, candidate('c', 'waits')], 3, 99_999), '+c -');
  });

  test('no more lose their slot than wait for one, those served longest first', () => {
    const candidates = [
      candidate('a', 'served', { asked: 1_000, since: 20 }),
      candidate('b', 'served', { asked: 1_000, since: 10 }),
      candidate('c', 'waits'),
    ];
    assert.equal(decide(candidates, 2), '+c -b');
  });

  test('who wants nothing is choked at once', () => {
    assert.equal(decide([candidate('a', 'apart', { isUnchoked: true })], 8), '+ -a');
  });

  test('another client keeps its slot for a time, however much it was sent', () => {
    const foreign = candidate('f', 'served', { isForeign: true, asked: 99_999, idleSince: 0 });
    const candidates = [foreign, candidate('b', 'waits')];
    assert.equal(decide(candidates, 1, longestTurn - 1), '+ -');
    assert.equal(decide(candidates, 1, longestTurn), '+b -f');
  });

  test('a peer that asks for nothing, or is slow, keeps nobody waiting for ever', () => {
    const idle = candidate('a', 'served', { idleSince: 0 });
    assert.equal(decide([idle, candidate('b', 'waits')], 1, longestIdle - 1), '+ -');
    assert.equal(decide([idle, candidate('b', 'waits')], 1, longestIdle), '+b -a');
    const slow = candidate('a', 'served', { asked: 999 });
    assert.equal(decide([slow, candidate('b', 'waits')], 1, longestTurn - 1), '+ -');
    assert.equal(decide([slow, candidate('b', 'waits')], 1, longestTurn), '+b -a');
  });

  test('groups have equal shares, however many of each there are and however long they wait', () => {
    const of = (group: string, ...names: readonly string[]): Named[] =>
      names.map((name) => candidate(name, 'waits', { group, since: group === 'east' ? 0 : 100 }));
    const east = of('east', 'a', 'b', 'c', 'd', 'e');
    assert.equal(decide([...east, ...of('west', 'w')], 2), '+a w -');
    assert.equal(decide([...east, ...of('west', 'v', 'w')], 4), '+a v b w -');
    const served = candidate('s', 'served', { group: 'east' });
    assert.equal(decide([served, ...east, ...of('west', 'w')], 2), '+w -');
    assert.equal(decide([...east, ...of('west')], 2), '+a b -');
  });

  test('who takes far longer than others is served besides, by four times the slots at most', () => {
    const slow = ['s', 't'].map((name) =>
      candidate(name, 'served', { isSlow: true, isServed: true, asked: 1_000 }),
    );
    const waiting = ['a', 'b', 'c'].map((name) => candidate(name, 'waits'));
    assert.equal(decide([...slow, ...waiting], 2), '+a b -s');
    const leaving = slow.map((one) => ({ ...one, isUnchoked: false }));
    assert.equal(decide([...leaving, ...waiting], 2), '+a b -');
    const many = Array.from({ length: 7 }, (_, index) =>
      candidate(`s${index}`, 'apart', { isSlow: true, isServed: true }),
    );
    assert.equal(decide([...many, ...waiting], 2), '+a -');
  });

  test('when slots are taken away the surplus goes as its turns end', () => {
    const served = ['a', 'b', 'c'].map((name) => candidate(name, 'served', { asked: 1_000 }));
    assert.equal(decide([...served, candidate('d', 'waits')], 2), '+ -a');
  });

  test('of hosts with one connection each, no more of those who wait than are needed decide the same as all', () => {
    const drawn = fc.array(
      fc.record({
        isInterested: fc.boolean(),
        isUnchoked: fc.constantFrom(true, false, false, false),
        isServed: fc.constantFrom(true, false, false, false),
        isSlow: fc.boolean(),
        isForeign: fc.boolean(),
        asked: fc.constantFrom(0, 999, 1_000),
        idleSince: fc.constantFrom(undefined, 0, longestIdle),
      }),
      { minLength: 10, maxLength: 30 },
    );
    const now = longestTurn + 10;
    let spared = 0;
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 4 }), (states, slots) => {
        const all = states.map((state, index) =>
          candidate(`c${index}`, 'waits', { ...state, since: index }),
        );
        const busy = all.filter((one) => one.isUnchoked || one.isServed);
        const waiting = all.filter((one) => one.isInterested && !busy.includes(one));
        const needed = waitersNeeded(busy, slots, now);
        const few = [...busy, ...waiting.slice(0, needed)];
        spared += Math.max(0, waiting.length - needed);
        assert.deepEqual(decideSlots(few, slots, now), decideSlots(all, slots, now));
      }),
      { numRuns: 1_000 },
    );
    assert.ok(spared > 1_000);
  });

  test('whoever is interested is served within its turn in the row, whatever the others do', () => {
    const drawn = fc.record({
      slots: fc.integer({ min: 1, max: 4 }),
      peers: fc.array(
        fc.record({
          host: fc.constantFrom('a', 'b', 'c'),
          isForeign: fc.boolean(),
          rate: fc.constantFrom(0, 1, 50, 400, 5_000),
        }),
        { minLength: 1, maxLength: 10 },
      ),
    });
    fc.assert(
      fc.property(drawn, ({ slots, peers }) => {
        const state = peers.map((peer, index) => ({
          ...peer,
          name: `p${index}`,
          group: undefined,
          isInterested: true,
          isUnchoked: false,
          since: 0,
          asked: 0,
          isServed: false,
          isSlow: false,
          grant: 1_000,
          idleSince: undefined as number | undefined,
          turns: 0,
        }));
        const round = longestTurn + 200;
        // Hosts share alike, so one with many connections may wait for as many turns.
        const rounds = peers.length + 1;
        for (let now = 0; now <= rounds * round; now += 100) {
          const { unchoke, choke } = decideSlots(state, slots, now);
          for (const one of choke) Object.assign(one, { isUnchoked: false, since: now });
          for (const one of unchoke)
            Object.assign(one, { isUnchoked: true, since: now, asked: 0, turns: one.turns + 1 });
          const served = state.filter((one) => one.isUnchoked);
          assert.equal(served.length, Math.min(slots, peers.length));
          for (const one of served) one.asked += one.rate;
        }
        for (const { turns, name } of state) assert.ok(turns > 0, `${name} was never served`);
      }),
      { numRuns: 100 },
    );
  });
});
