import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TurnMeter, TurnTimes } from './turn-times.ts';

/** What a meter says of one whose turns of 100 bytes took so long, among others whose turns took 1 s. */
function meterAfter(...turns: readonly number[]): { meter: TurnMeter; now: number } {
  const times = new TurnTimes();
  for (let turn = 0; turn < 50; turn++) times.took(1_000);
  const meter = new TurnMeter(times, 100);
  let now = 0;
  meter.begin(now);
  for (const turn of turns) {
    now += turn;
    meter.passed(100, now);
  }
  return { meter, now };
}

suite('turn times', () => {
  test('nobody is slow as long as nothing is usual', () => {
    const meter = new TurnMeter(new TurnTimes(), 100);
    meter.begin(0);
    assert.equal(meter.isSlow(1e6), false);
  });

  test('slow is who takes more than three times as long as is usual, or has taken it', () => {
    const { meter, now } = meterAfter();
    assert.equal(meter.isSlow(now + 2_500), false);
    assert.equal(meter.isSlow(now + 3_500), true);
    const after = meterAfter(5_000);
    assert.equal(after.meter.isSlow(after.now), true);
    const better = meterAfter(5_000, 900);
    assert.equal(better.meter.isSlow(better.now), false);
  });

  test('a time in which nothing was asked for does not count', () => {
    const { meter, now } = meterAfter(1_000);
    meter.end(now);
    assert.equal(meter.isSlow(now + 60_000), false);
    meter.begin(now + 60_000);
    meter.passed(100, now + 61_000);
    assert.equal(meter.isSlow(now + 61_000), false);
  });

  test('a fifth of very slow ones does not change what is usual', () => {
    const times = new TurnTimes();
    for (let turn = 0; turn < 1_000; turn++) times.took(turn % 5 === 0 ? 50_000 : 1_000);
    assert.equal(times.isSlow(5_000), true);
    assert.equal(times.isSlow(1_500), false);
  });

  test('a turn that takes more than 150 ms may be shorter', () => {
    const times = new TurnTimes();
    assert.equal(times.part, 1);
    times.took(100);
    assert.equal(times.part, 1);
    const slow = new TurnTimes();
    slow.took(600);
    assert.equal(slow.part, 0.25);
  });

  test('what takes less than 300 ms is never slow', () => {
    const times = new TurnTimes();
    times.took(1);
    assert.equal(times.isSlow(300), false);
    assert.equal(times.isSlow(301), true);
  });
});
