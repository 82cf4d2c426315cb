import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { LetDowns } from './let-downs.ts';

suite('let-downs', () => {
  test('an address is passed over from the third time on, for twice as long each time', () => {
    const clock = new ManualClock();
    const letDowns = new LetDowns(clock);
    const lasts: number[] = [];
    for (let time = 0; time < 8; time++) {
      letDowns.add('10.0.0.1');
      const from = clock.now();
      while (letDowns.isOut('10.0.0.1')) clock.advance(1_000);
      lasts.push((clock.now() - from) / 1_000);
    }
    assert.deepEqual(lasts, [0, 0, 10, 20, 40, 80, 160, 160]);
    assert.equal(letDowns.isOut('10.0.0.2'), false);
  });

  test('who sent a whole piece is forgiven, and all is forgotten in time', () => {
    const clock = new ManualClock();
    const letDowns = new LetDowns(clock);
    const fail = (host: string): void => {
      for (let time = 0; time < 3; time++) letDowns.add(host);
    };
    fail('10.0.0.1');
    letDowns.forgive('10.0.0.1');
    assert.equal(letDowns.isOut('10.0.0.1'), false);
    fail('10.0.0.1');
    clock.advance(600_001);
    letDowns.add('10.0.0.1');
    assert.equal(letDowns.isOut('10.0.0.1'), false);
  });

  test('what is forgotten takes no room', () => {
    const clock = new ManualClock();
    const letDowns = new LetDowns(clock);
    for (let host = 0; host < 5_000; host++) {
      letDowns.add(`10.0.${host >> 8}.${host & 255}`);
      clock.advance(1_000);
    }
    assert.ok(letDowns.size <= 1_000, `${letDowns.size} addresses`);
  });
});
