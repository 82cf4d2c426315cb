import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { AnnounceBudget } from './announce-budget.ts';

suite('announce budget', () => {
  test('a host with 20 000 blobs announces them all at once, and again after a quarter of an hour', () => {
    const clock = new ManualClock();
    const budget = new AnnounceBudget(clock);
    for (let round = 0; round < 3; round++) {
      for (let batch = 0; batch < 20; batch++) assert.ok(budget.take('10.0.0.1', 1_000));
      clock.advance(900_000);
    }
  });

  test('a host that asks without end is refused, until time has passed; others are not', () => {
    const clock = new ManualClock();
    const budget = new AnnounceBudget(clock);
    let taken = 0;
    while (budget.take('10.0.0.1', 10)) taken += 10;

    assert.equal(taken, 50_000);
    assert.ok(budget.take('10.0.0.2', 1));
    clock.advance(500);
    assert.ok(budget.take('10.0.0.1', 500));
    assert.equal(budget.take('10.0.0.1', 1), false);
  });

  test('hosts are forgotten when they have been quiet, and when they are too many', () => {
    const clock = new ManualClock();
    const budget = new AnnounceBudget(clock);
    budget.take('10.0.0.1', 10_000);
    budget.take('10.0.0.2', 1);
    clock.advance(1_000);
    budget.sweep();
    assert.equal(budget.size, 1);
    for (let number = 0; number < 100_500; number++) budget.take(`host ${number}`, 1);
    assert.equal(budget.size, 100_000);
  });
});
