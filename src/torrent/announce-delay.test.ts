import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { announceDelay, wantedConnections, type AnnounceState } from './announce-delay.ts';

const calm: AnnounceState = {
  isComplete: false,
  connections: wantedConnections,
  interval: 1_800_000,
  minInterval: undefined,
  failures: 0,
};
const delay = (state: Partial<AnnounceState>, chance = 0.5): number =>
  Math.round(announceDelay({ ...calm, ...state }, chance));

suite('announce delay', () => {
  test('a download that lacks peers asks again within seconds, unless the tracker forbids it', () => {
    assert.equal(delay({ connections: 3 }), 4_000);
    assert.equal(delay({ connections: 3, interval: 2_000 }), 2_000);
    assert.equal(delay({ connections: 3, minInterval: 30_000 }), 30_000);
  });

  test('a download with enough peers asks each minute, or as often as the tracker wants', () => {
    assert.equal(delay({}), 60_000);
    assert.equal(delay({ interval: 30_000 }), 30_000);
  });

  test('a seed announces as the tracker asks', () => {
    assert.equal(delay({ isComplete: true, connections: 0 }), 1_800_000);
  });

  test('after failures it waits twice as long each time, and a download never long', () => {
    const waits = [1, 2, 3, 4, 5, 6].map((failures) => delay({ failures }));
    assert.deepEqual(waits, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    assert.equal(delay({ isComplete: true, failures: 50 }), 600_000);
    assert.equal(delay({ isComplete: true, failures: 2_000 }), 600_000);
  });

  test('chance spreads the fleet by a fifth each way', () => {
    assert.equal(delay({}, 0), 48_000);
    assert.equal(delay({}, 1), 72_000);
  });

  test('whatever the state, the delay is a time that can be waited for', () => {
    fc.assert(
      fc.property(
        fc.record({
          isComplete: fc.boolean(),
          connections: fc.nat(100),
          interval: fc.integer({ min: 1_000, max: 3_600_000 }),
          minInterval: fc.option(fc.nat(3_600_000), { nil: undefined }),
          failures: fc.nat(5_000),
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
