import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BufferPool } from '../base/buffer-pool.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { TokenBucket, Unlimited, type RateLimiter } from '../base/rate-limiter.ts';
import type { Block } from '../torrent/geometry.ts';
import { encodePieceHeader } from '../torrent/wire.ts';
import { UploadQueue } from './upload-queue.ts';

const block = (piece: number): Block => ({ piece, begin: 0, length: 16_384 });
/** Lets all that can go on go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A queue whose target notes the pieces that are sent, and has room for so many messages before it must be drained. */
function queueOf(limiter: RateLimiter = new Unlimited(), room = Infinity) {
  const sent: number[] = [];
  const failures: unknown[] = [];
  const reads: [piece: number, begin: number, lengths: number[]][] = [];
  const disk = { error: undefined as Error | undefined, isSlow: false };
  const buffers = new BufferPool(1024 * 1024);
  const link = {
    longestBlock: 16_384,
    messages: Buffer.alloc(0),
    writes: 0,
    done: [] as (() => void)[],
  };
  const queue = new UploadQueue(limiter, buffers, {
    read: async (piece, begin, parts) => {
      if (disk.error !== undefined) throw disk.error;
      reads.push([piece, begin, parts.map(({ length }) => length)]);
      if (disk.isSlow) await settle();
      for (const part of parts) part.fill(piece);
    },
    longestBlock: () => link.longestBlock,
    send: (messages, done) => {
      link.messages = Buffer.concat([link.messages, messages]);
      link.done.push(done);
      return ++link.writes % room !== 0;
    },
    sent: (blocks) => void sent.push(...blocks.map(({ piece }) => piece)),
    idle: () => {},
    failed: (error) => failures.push(error),
  });
  return { queue, sent, failures, disk, reads, link, buffers };
}

suite('upload queue', () => {
  test('blocks are sent in the order in which they were asked for', async () => {
    const { queue, sent, disk } = queueOf();
    disk.isSlow = true;
    for (const piece of [3, 1, 2]) queue.push(block(piece));
    for (let turn = 0; turn < 5; turn++) await settle();
    assert.deepEqual(sent, [3, 1, 2]);
    assert.equal(queue.length, 0);
  });

  test('what is asked for at once goes in one write, and what follows on is read at once', async () => {
    const { queue, reads, link, buffers } = queueOf();
    const blocks = [
      { piece: 1, begin: 0, length: 16_384 },
      { piece: 1, begin: 16_384, length: 100 },
      { piece: 1, begin: 32_768, length: 16_384 },
      { piece: 2, begin: 0, length: 5 },
    ];
    for (const asked of blocks) queue.push(asked);
    await settle();
    assert.equal(link.writes, 1);
    assert.deepEqual(reads, [
      [1, 0, [16_384, 100]],
      [1, 32_768, [16_384]],
      [2, 0, [5]],
    ]);
    const messages = blocks.flatMap((asked) => [
      encodePieceHeader(asked),
      Buffer.alloc(asked.length, asked.piece),
    ]);
    assert.deepEqual(link.messages, Buffer.concat(messages));
    assert.notEqual(buffers.bytesOut, 0);
    for (const done of link.done) done();
    assert.equal(buffers.bytesOut, 0);
  });

  test('what follows on is one block where the peer bears that', async () => {
    const { queue, reads, link } = queueOf();
    link.longestBlock = 32_768;
    for (const begin of [0, 16_384, 32_768]) queue.push({ piece: 3, begin, length: 16_384 });
    await settle();
    assert.deepEqual(reads, [[3, 0, [32_768, 16_384]]]);
    const messages = [
      encodePieceHeader({ piece: 3, begin: 0, length: 32_768 }),
      Buffer.alloc(32_768, 3),
      encodePieceHeader({ piece: 3, begin: 32_768, length: 16_384 }),
      Buffer.alloc(16_384, 3),
    ];
    assert.deepEqual(link.messages, Buffer.concat(messages));
  });

  test('a long queue is sent in parts of half a megabyte', async () => {
    const { queue, link, sent } = queueOf();
    for (let piece = 0; piece < 64; piece++) queue.push(block(piece));
    for (let turn = 0; turn < 3; turn++) {
      await settle();
      for (const done of link.done.splice(0)) done();
    }
    assert.equal(link.writes, 3);
    assert.deepEqual(sent, [...Array(64).keys()]);
  });

  test('a block waits for the link, and can be cancelled while it does', async () => {
    const clock = new ManualClock();
    const { queue, sent } = queueOf(new TokenBucket(16_384_000, clock, 16_384));
    for (const piece of [1, 2, 3]) queue.push(block(piece));
    await settle();
    assert.deepEqual(sent, [1]);
    assert.equal(queue.cancel(block(2)), true);
    assert.equal(queue.cancel(block(2)), false);
    assert.equal(queue.cancel({ ...block(3), begin: 5 }), false);
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(1);
      await settle();
    }
    assert.deepEqual(sent, [1, 3]);
  });

  test('a request that is taken back with all others is not answered, though its block was being read', async () => {
    const { queue, sent, disk } = queueOf();
    disk.isSlow = true;
    queue.push(block(1));
    queue.clear();
    queue.push(block(2));
    for (let turn = 0; turn < 3; turn++) await settle();
    assert.deepEqual(sent, [2]);
  });

  test('no more is sent than the connection takes, until it is drained', async () => {
    const { queue, sent } = queueOf(new Unlimited(), 2);
    const push = async (piece: number): Promise<void> => {
      queue.push(block(piece));
      await settle();
    };
    for (const piece of [1, 2, 3, 4, 5]) await push(piece);
    assert.deepEqual(sent, [1, 2]);
    queue.drained();
    await settle();
    assert.deepEqual(sent, [1, 2, 3, 4, 5]);
  });

  test('what is cleared is not sent, what comes after is', async () => {
    const { queue, sent } = queueOf(new Unlimited(), 1);
    queue.push(block(1));
    await settle();
    for (const piece of [2, 3]) queue.push(block(piece));
    queue.clear();
    queue.push(block(4));
    queue.drained();
    await settle();
    assert.deepEqual(sent, [1, 4]);
  });

  test('a closed queue sends nothing more, whatever it waited for', async () => {
    const clock = new ManualClock();
    for (const kind of ['link', 'disk', 'connection'] as const) {
      const limiter = kind === 'link' ? new TokenBucket(1_000, clock, 1) : new Unlimited();
      const { queue, sent, disk } = queueOf(limiter, 1);
      disk.isSlow = kind === 'disk';
      queue.push(block(1));
      if (kind !== 'link') await Promise.resolve();
      if (kind === 'connection') await settle();
      queue.push(block(2));
      queue.close();
      clock.advance(100_000);
      for (let turn = 0; turn < 3; turn++) await settle();
      assert.deepEqual(sent, kind === 'connection' ? [1] : [], kind);
    }
  });

  test('a block that cannot be read is told of', async () => {
    const { queue, failures, disk, sent } = queueOf();
    disk.error = new Error('the disk is gone');
    queue.push(block(1));
    await settle();
    assert.deepEqual(failures, [disk.error]);
    disk.error = undefined;
    queue.push(block(2));
    await settle();
    assert.deepEqual(sent, [2]);
  });
});
