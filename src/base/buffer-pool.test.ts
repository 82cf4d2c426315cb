import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BufferPool } from './buffer-pool.ts';

const kibi = 1024;

suite('buffer pool', () => {
  test('a buffer that was given back is used again for what fits it', () => {
    const pool = new BufferPool(1024 * kibi);
    const first = pool.takeNow(100_000);
    assert.equal(first.length, 128 * kibi);
    pool.give(first);
    assert.equal(pool.takeNow(70_000), first);
    assert.notEqual(pool.takeNow(70_000), first);
    assert.equal(pool.bytesOut, 256 * kibi);
  });

  test('who wants more than there is room for waits, first come first served', async () => {
    const pool = new BufferPool(128 * kibi);
    const [one, two] = [pool.takeNow(64 * kibi), pool.takeNow(64 * kibi)];
    assert.equal(pool.hasRoom(1), false);
    const order: string[] = [];
    const large = Promise.resolve(pool.take(128 * kibi)).then((buffer) => {
      order.push('large');
      return buffer;
    });
    const small = Promise.resolve(pool.take(16 * kibi)).then(() => order.push('small'));
    pool.give(one);
    await Promise.resolve();
    assert.deepEqual(order, []);
    pool.give(two);
    pool.give(await large);
    await small;
    assert.deepEqual(order, ['large', 'small']);
    assert.equal(pool.bytesOut, 16 * kibi);
  });

  test('what lies at hand in other sizes makes room, so that the limit holds', () => {
    const pool = new BufferPool(128 * kibi);
    for (const buffer of [pool.takeNow(64 * kibi), pool.takeNow(64 * kibi)]) pool.give(buffer);
    assert.equal(pool.bytes, 128 * kibi);
    pool.takeNow(128 * kibi);
    assert.equal(pool.bytes, 128 * kibi);
    assert.equal(pool.bytesOut, 128 * kibi);
  });

  test('a buffer is had beyond the limit when it must be', () => {
    const pool = new BufferPool(16 * kibi);
    pool.takeNow(16 * kibi);
    assert.equal(pool.takeNow(64 * kibi).length, 64 * kibi);
    assert.equal(pool.bytesOut, 80 * kibi);
  });

  test('what is not needed for the time between two trims is let go of', () => {
    const pool = new BufferPool(1024 * kibi);
    const buffers = [1, 2, 3, 4].map(() => pool.takeNow(64 * kibi));
    for (const buffer of buffers) pool.give(buffer);
    pool.trim();
    assert.equal(pool.bytes, 256 * kibi);
    pool.give(pool.takeNow(64 * kibi));
    pool.trim();
    assert.equal(pool.bytes, 64 * kibi);
    pool.trim();
    assert.equal(pool.bytes, 0);
  });
});
