import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { suite, test } from 'node:test';
import { every, sleep, systemClock } from './clock.ts';
import { ManualClock } from './manual-clock.ts';

suite('clock', () => {
  test('a sleep ends after its time and not before', async () => {
    const clock = new ManualClock();
    let isAwake = false;
    const slept = sleep(clock, 100).then(() => (isAwake = true));
    clock.advance(99);
    await Promise.resolve();
    assert.equal(isAwake, false);
    clock.advance(1);
    await slept;
    assert.equal(isAwake, true);
  });

  test('an aborted sleep rejects with the reason of its signal and leaves nothing behind', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const slept = sleep(clock, 100, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(slept, /enough/);
    await assert.rejects(sleep(clock, 100, abort.signal), /enough/);
    assert.equal(clock.waiting, 0);
  });

  test('a sleep that ends leaves no listener on its signal', async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const slept = sleep(clock, 100, signal);
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    clock.advance(100);
    await slept;
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('every runs its task again and again until it is told to stop, even by the task itself', () => {
    const clock = new ManualClock();
    let runs = 0;
    const stop = every(clock, 10, () => {
      runs++;
      if (runs === 3) stop();
    });
    clock.advance(29);
    assert.equal(runs, 2);
    clock.advance(100);
    assert.equal(runs, 3);
    assert.equal(clock.waiting, 0);
  });

  test('every goes on after a task that throws', () => {
    const clock = new ManualClock();
    let runs = 0;
    every(clock, 10, () => {
      runs++;
      if (runs === 1) throw new Error('once');
    });
    assert.throws(() => clock.advance(10), /once/);
    clock.advance(10);
    assert.equal(runs, 2);
  });

  test('the system clock moves forward, runs tasks, and cancels them', async () => {
    const before = systemClock.now();
    let cancelled = 0;
    systemClock.after(1, () => cancelled++)();
    // A task of the system clock keeps no process alive, so something else must here.
    const awake = setTimeout(() => {}, 1_000);
    await sleep(systemClock, 5);
    clearTimeout(awake);
    assert.ok(systemClock.now() - before >= 4);
    assert.equal(cancelled, 0);
  });
});
