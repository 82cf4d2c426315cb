import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from './manual-clock.ts';

suite('manual clock', () => {
  test('time moves only when it is advanced', () => {
    const clock = new ManualClock();
    assert.equal(clock.now(), 0);
    clock.advance(5);
    assert.equal(clock.now(), 5);
  });

  test('tasks run in the order of their times, each at its own', () => {
    const clock = new ManualClock();
    const ran: [string, number][] = [];
    const note = (name: string) => () => ran.push([name, clock.now()]);
    clock.after(20, note('late'));
    clock.after(10, note('early'));
    clock.after(10, note('early too'));
    clock.after(31, note('not yet'));
    clock.advance(30);
    assert.deepEqual(ran, [
      ['early', 10],
      ['early too', 10],
      ['late', 20],
    ]);
    assert.equal(clock.now(), 30);
    assert.equal(clock.waiting, 1);
  });

  test('a task may set another that falls due within the same advance', () => {
    const clock = new ManualClock();
    const ran: number[] = [];
    clock.after(10, () => {
      ran.push(clock.now());
      clock.after(5, () => ran.push(clock.now()));
      clock.after(50, () => ran.push(clock.now()));
    });
    clock.advance(20);
    assert.deepEqual(ran, [10, 15]);
  });

  test('a cancelled task does not run, and to cancel it twice does nothing', () => {
    const clock = new ManualClock();
    let runs = 0;
    const cancel = clock.after(10, () => runs++);
    cancel();
    cancel();
    clock.advance(10);
    assert.equal(runs, 0);
    assert.equal(clock.waiting, 0);
  });
});
