import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { eachLimited } from './each-limited.ts';

const neverAborted = new AbortController().signal;

test('no more than the limit run at once, and all are done', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await eachLimited([1, 2, 3, 4, 5], 2, neverAborted, async (item) => {
    most = Math.max(most, ++running);
    await delay(5);
    running--;
    done.push(item);
  });
  assert.equal(most, 2);
  assert.deepEqual(
    done.toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5],
  );
});

test('the first failure stops the others, which have ended when it is thrown', async () => {
  const begun: number[] = [];
  let aborted = false;
  const failure = new Error('first');
  await assert.rejects(
    eachLimited([1, 2, 3, 4], 2, neverAborted, async (item, signal) => {
      begun.push(item);
      if (item === 2) throw failure;
      await delay(10_000, undefined, { signal }).catch(() => {
        aborted = true;
        throw new Error('second');
      });
    }),
    failure,
  );
  assert.deepEqual(begun, [1, 2]);
  assert.ok(aborted);
});

test('an aborted signal begins nothing', async () => {
  const reason = new Error('enough');
  await assert.rejects(
    eachLimited([1], 1, AbortSignal.abort(reason), () => assert.fail('began')),
    reason,
  );
});
