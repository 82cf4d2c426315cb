import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PieceWaits } from './piece-waits.ts';

suite('piece waits', () => {
  test('all who wait for a piece are woken when it is verified, others are not', async () => {
    const waits = new PieceWaits();
    const woken: string[] = [];
    const wait = (name: string, piece: number): Promise<unknown> =>
      waits.wait(piece, 0).then(() => woken.push(name));
    const both = [wait('a', 1), wait('b', 1)];
    const other = wait('c', 2);
    waits.verified(1);
    await Promise.all(both);
    assert.deepEqual(woken, ['a', 'b']);
    waits.verified(2);
    await other;
  });

  test('it is known since when a piece is waited for, until nobody waits', async () => {
    const waits = new PieceWaits();
    const abort = new AbortController();
    const first = assert.rejects(waits.wait(1, 100, abort.signal), /gone/);
    const second = waits.wait(1, 300);
    const third = waits.wait(2, 400);
    assert.deepEqual(waits.waitedSince(100), []);
    assert.deepEqual(waits.waitedSince(101), [1]);
    assert.deepEqual(waits.waitedSince(401), [1, 2]);
    abort.abort(new Error('gone'));
    await first;
    assert.deepEqual(waits.waitedSince(101), [1]);
    waits.verified(1);
    waits.verified(2);
    await Promise.all([second, third]);
    assert.deepEqual(waits.waitedSince(1_000), []);
  });

  test('the last reader that leaves takes the wait with it', async () => {
    const waits = new PieceWaits();
    const abort = new AbortController();
    const reader = assert.rejects(waits.wait(1, 0, abort.signal), /gone/);
    abort.abort(new Error('gone'));
    await reader;
    assert.deepEqual(waits.waitedSince(1_000), []);
    await assert.rejects(waits.wait(1, 0, abort.signal), /gone/);
  });

  test('a failure ends all waits, and those that come later', async () => {
    const waits = new PieceWaits();
    const reader = assert.rejects(waits.wait(1, 0), /the end/);
    waits.fail(new Error('the end'));
    await reader;
    await assert.rejects(waits.wait(2, 0), /the end/);
    assert.deepEqual(waits.waitedSince(1_000), []);
  });
});
