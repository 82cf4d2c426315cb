import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { ConnectionIds } from './connection-ids.ts';

const key = Buffer.alloc(32, 7);

suite('connection ids', () => {
  test('an id proves the host that it was given to, and no other', () => {
    const ids = new ConnectionIds(new ManualClock(), key);
    const id = ids.of('10.0.0.1');
    assert.equal(id.length, 8);
    assert.ok(ids.proves('10.0.0.1', id));
    assert.ok(ids.proves('10.0.0.1', id));
    assert.equal(ids.proves('10.0.0.2', id), false);
    assert.equal(ids.proves('10.0.0.1', ids.of('10.0.0.2')), false);
    for (let bit = 0; bit < 64; bit++) {
      const wrong = Uint8Array.from(id);
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(ids.proves('10.0.0.1', wrong), false);
    }
  });

  test('an id holds for two minutes at least and four at most, shown before or not', () => {
    for (const isShown of [true, false]) {
      for (const begin of [0, 1, 60_000, 119_999]) {
        const clock = new ManualClock();
        const ids = new ConnectionIds(clock, key);
        clock.advance(begin);
        const id = ids.of('::1');
        if (isShown) ids.proves('::1', id);
        clock.advance(120_000);
        assert.ok(ids.proves('::1', id), `after ${begin}`);
        clock.advance(120_000);
        assert.equal(ids.proves('::1', id), false);
      }
    }
  });

  test('another key makes other ids', () => {
    const one = new ConnectionIds(new ManualClock(), key);
    const other = new ConnectionIds(new ManualClock(), Buffer.alloc(32, 8));
    assert.equal(other.proves('10.0.0.1', one.of('10.0.0.1')), false);
  });
});
