import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import {
  announceDelay,
  failureDelay,
  lacksPeers,
  refusalDelay,
  wantedConnections,
  type AnnounceState,
} from './announce-delay.ts';

const calm: AnnounceState = {
  isComplete: false,
  connections: wantedConnections,
  known: 1_000,
  interval: 1_800_000,
  minInterval: undefined,
};
const delay = (state: Partial<AnnounceState>, chance = 0.5): number =>
  Math.round(announceDelay({ ...calm, ...state }, chance));
const failures = [1, 2, 3, 4, 5, 6, 7, 2_000];

suite('announce delay', () => {
  test('a download that lacks peers asks again within seconds, unless the tracker forbids it', () => {
    assert.equal(delay({ connections: 5 }), 4_000);
    assert.equal(delay({ connections: 5, interval: 2_000 }), 2_000);
    assert.equal(delay({ connections: 5, minInterval: 30_000 }), 30_000);
  });

  test('a download with enough peers asks each minute, or as often as the tracker wants', () => {
    assert.equal(delay({}), 60_000);
    assert.equal(delay({ interval: 30_000 }), 30_000);
  });

  test('a download that is connected to all whom the tracker knows does not hurry', () => {
    assert.equal(delay({ connections: 7, known: 7 }), 60_000);
    assert.equal(delay({ connections: 7, known: 8 }), 4_000);
  });

  test('a download that is almost alone hurries whatever the tracker knows', () => {
    assert.equal(delay({ connections: 0, known: 0 }), 4_000);
    assert.equal(lacksPeers({ isComplete: false, connections: 3, known: 3 }), true);
  });

  test('a seed announces as the tracker asks, and lacks nobody', () => {
    assert.equal(delay({ isComplete: true, connections: 0 }), 1_800_000);
    assert.equal(lacksPeers({ isComplete: true, connections: 0, known: 9 }), false);
  });

  test('a tracker that does not answer is asked ever later, by a download that lacks peers never late', () => {
    assert.deepEqual(
      failures.map((count) => failureDelay(count, false, 0.5) / 1000),
      [30, 60, 120, 240, 480, 900, 900, 900],
    );
    assert.deepEqual(
      failures.map((count) => failureDelay(count, true, 0.5) / 1000),
      [2, 4, 8, 16, 30, 30, 30, 30],
    );
  });

  test('a torrent that was refused is tried again soon, and then ever later', () => {
    assert.equal(refusalDelay(1, false, 0.5), 2_000);
    assert.equal(refusalDelay(3, false, 0.5), 8_000);
    assert.equal(refusalDelay(2_000, false, 0.5), 900_000);
    assert.equal(refusalDelay(2_000, true, 0.5), 30_000);
  });

  test('chance spreads the fleet by a fifth each way', () => {
    assert.equal(delay({}, 0), 48_000);
    assert.equal(delay({}, 1), 72_000);
    assert.equal(failureDelay(1, false, 0), 24_000);
  });

  test('whatever the state, the delay is a time that can be waited for', () => {
    fc.assert(
      fc.property(
        fc.record({
          isComplete: fc.boolean(),
          connections: fc.nat(100),
          known: fc.nat(100),
          interval: fc.integer({ min: 1_000, max: 3_600_000 }),
          minInterval: fc.option(fc.nat(3_600_000), { nil: undefined }),
        }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (state, chance) => {
          const wait = announceDelay(state, chance);
          assert.ok(wait >= 800 && wait <= 4_320_000, `${wait}`);
        },
      ),
    );
  });
});
