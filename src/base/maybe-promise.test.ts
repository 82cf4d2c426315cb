import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allReady, whenReady, type MaybePromise } from './maybe-promise.ts';

const double = (value: number): MaybePromise<number> => 2 * value;

test('what is there is gone on with at once, and what comes when it comes', async () => {
  assert.equal(whenReady(2, double), 4);
  const coming = whenReady(Promise.resolve(2), double);
  assert.ok(coming instanceof Promise);
  assert.equal(await coming, 4);
  const chained = whenReady(2, async (value) => value + 1);
  assert.equal(await chained, 3);
});

test('many are there when all of them are', async () => {
  assert.deepEqual(allReady([1, 2]), [1, 2]);
  const coming = allReady([1, Promise.resolve(2), 3]);
  assert.ok(coming instanceof Promise);
  assert.deepEqual(await coming, [1, 2, 3]);
});

test('a failure is passed on as it came', async () => {
  const fail = (): never => {
    throw new Error('no');
  };
  assert.throws(() => whenReady(1, fail), /no/);
  await assert.rejects(async () => await whenReady(Promise.resolve(1), fail), /no/);
  await assert.rejects(async () => await whenReady(Promise.reject(new Error('no')), double), /no/);
});
