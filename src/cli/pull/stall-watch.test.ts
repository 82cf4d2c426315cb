import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { StallWatch } from './stall-watch.ts';

async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000);
    await Promise.resolve();
    await Promise.resolve();
  }
}

test('a stall is told after 10 s and each 30 s after, until bytes come', async () => {
  const clock = new ManualClock();
  const notes: string[] = [];
  let isThere = false;
  using stalls = new StallWatch({
    clock,
    answers: async () => isThere,
    onNote: (text) => notes.push(text),
  });
  await pass(clock, 5);
  stalls.came(1);
  stalls.came(1);
  await pass(clock, 9);
  assert.deepEqual(notes, []);
  await pass(clock, 1);
  const gone = 'the registry does not answer, and no peer has the rest; waiting';
  assert.deepEqual(notes, [`Nothing has come for 10 s: ${gone}`]);
  stalls.came(1);
  await pass(clock, 29);
  assert.equal(notes.length, 1);
  await pass(clock, 1);
  assert.equal(notes[1], `Nothing has come for 40 s: ${gone}`);
  stalls.came(2);
  isThere = true;
  await pass(clock, 10);
  assert.equal(notes[2], 'Nothing has come for 10 s, though the registry answers; waiting');
  stalls.end();
  await pass(clock, 60);
  assert.equal(notes.length, 3);
});
