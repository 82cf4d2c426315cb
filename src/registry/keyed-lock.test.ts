import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { KeyedLock } from './keyed-lock.ts';

test('tasks of one key run one after another in their order, also after one fails', async () => {
  const lock = new KeyedLock();
  const seen: string[] = [];
  const task = (name: string, fails = false) =>
    lock.run('key', async () => {
      seen.push(`${name} begins`);
      await turn();
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([task('a'), task('b', true), task('c')]);
  assert.deepEqual(
    seen,
    ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('tasks of different keys do not wait for each other', async () => {
  const lock = new KeyedLock();
  const gate = Promise.withResolvers<void>();
  const first = lock.run('a', () => gate.promise);
  await lock.run('b', async () => gate.resolve());
  await first;
});

test('several keys are taken at once, but only those that nobody has', async () => {
  const lock = new KeyedLock();
  const busy = Promise.withResolvers<void>();
  const first = lock.run('a', () => busy.promise);
  const order: string[] = [];
  const second = lock.runFree(['a', 'b', 'c'], async (free) => {
    assert.deepEqual(free, ['b', 'c']);
    await turn();
    order.push('several');
  });
  const third = lock.run('b', async () => void order.push('one'));
  await Promise.all([second, third]);
  assert.deepEqual(order, ['several', 'one']);
  busy.resolve();
  await first;
  await lock.runFree(['a', 'b'], async (free) => assert.deepEqual(free, ['a', 'b']));
});
