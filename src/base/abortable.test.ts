import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { suite, test } from 'node:test';
import { abortable } from './abortable.ts';

suite('abortable', () => {
  test('without an abort it is what the promise comes to, and no listener stays', async () => {
    const { signal } = new AbortController();
    assert.equal(await abortable(Promise.resolve(5), signal), 5);
    assert.equal(await abortable(Promise.resolve(6)), 6);
    await assert.rejects(abortable(Promise.reject(new Error('failed')), signal), /failed/);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('an abort rejects at once with its reason, before or during the wait', async () => {
    const abort = new AbortController();
    const waited = abortable(new Promise(() => {}), abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(waited, /enough/);
    await assert.rejects(abortable(Promise.resolve(5), abort.signal), /enough/);
  });

  test('a promise that rejects after the abort is nobody’s unhandled rejection', async () => {
    const abort = new AbortController();
    const late = Promise.withResolvers<void>();
    const waited = abortable(late.promise, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(waited, /enough/);
    late.reject(new Error('late'));
    await assert.rejects(abortable(Promise.reject(new Error('late')), abort.signal), /enough/);
    await new Promise((resolve) => setImmediate(resolve));
  });
});
