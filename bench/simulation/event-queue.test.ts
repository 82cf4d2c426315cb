import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { EventQueue } from './event-queue.ts';

test('what is soonest happens first, and of one moment what was said first, however far ahead', () => {
  const random = seededRandom(1);
  const queue = new EventQueue();
  const expected: { readonly time: number; readonly kind: number }[] = [];
  const happened: { readonly time: number; readonly kind: number }[] = [];
  let kind = 0;
  const plan = (most: number): void => {
    // Whole milliseconds fall together, halves of a bucket do not.
    const ahead = randomInteger(random, most) / (random() < 0.5 ? 1 : 128);
    const time = queue.now + ahead;
    expected.push({ time, kind });
    queue.at(time, target, kind++);
  };
  const target = {
    happen: (what: number) => {
      happened.push({ time: queue.now, kind: what });
      if (kind < 20_000) for (const most of [1, 20, 400]) plan(most);
      if (kind < 20_000 && random() < 0.1) plan(40_000);
    },
  };
  for (let index = 0; index < 10; index++) plan(5_000);
  while (queue.step());
  assert.equal(queue.count, expected.length);
  assert.deepEqual(
    happened,
    expected.toSorted((a, b) => a.time - b.time || a.kind - b.kind),
  );
});

test('what should have happened before happens now', () => {
  const queue = new EventQueue();
  const happened: number[] = [];
  const note = { happen: () => void happened.push(queue.now) };
  queue.at(5, { happen: () => queue.at(2, note) });
  queue.at(7, note);
  while (queue.step());
  assert.deepEqual(happened, [5, 7]);
  assert.equal(queue.step(), false);
});
