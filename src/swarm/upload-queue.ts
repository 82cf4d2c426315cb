import type { BufferPool } from '../base/buffer-pool.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import type { Block } from '../torrent/geometry.ts';
import { joinBlocks } from '../torrent/long-block.ts';
import { pieceHeaderLength, writePieceHeader } from '../torrent/wire.ts';

/** Bytes of blocks, and of the messages that hold them, that are read and sent at a time. */
const batchBytes = 512 * 1024;

/** What an upload queue needs of its surroundings. */
export interface UploadTarget {
  /** Fills `parts`, one after another, with the piece's bytes from `begin` on. Throws when the disk refuses. */
  read(piece: number, begin: number, parts: readonly Uint8Array[]): Promise<void>;
  /** The longest block that the peer may be sent. */
  longestBlock(): number;
  /** Sends whole messages; calls `done` when `messages` may change again. False: wait until `drained` is called. */
  send(messages: Uint8Array, done: () => void): boolean;
  /** The blocks are on their way. */
  sent(blocks: readonly Block[]): void;
  /** All that was asked for is on its way. */
  idle(): void;
  failed(error: unknown): void;
}

/** The requests of one peer, answered one after another as the link allows. */
export class UploadQueue {
  readonly #limiter: RateLimiter;
  readonly #buffers: BufferPool;
  readonly #target: UploadTarget;
  #blocks: Block[] = [];
  #isRunning = false;
  #isClosed = false;
  /** How often all requests were taken back. */
  #clears = 0;
  #drained: (() => void) | undefined;

  constructor(limiter: RateLimiter, buffers: BufferPool, target: UploadTarget) {
    this.#limiter = limiter;
    this.#buffers = buffers;
    this.#target = target;
  }

  /** True when something waits, or is just being sent. */
  get isBusy(): boolean {
    return this.#isRunning || this.#blocks.length > 0;
  }

  get length(): number {
    return this.#blocks.length;
  }

  push(block: Block): void {
    this.#blocks.push(block);
    if (!this.#isRunning) void this.#run();
  }

  /** Takes a request back; false when it was not waiting. */
  cancel(block: Block): boolean {
    const before = this.#blocks.length;
    this.#blocks = this.#blocks.filter((waiting) => !isSame(waiting, block));
    return this.#blocks.length < before;
  }

  /** Takes all requests back. */
  clear(): void {
    this.#blocks = [];
    this.#clears++;
  }

  drained(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#blocks = [];
    this.drained();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // What is asked for in the same moment goes together.
    await Promise.resolve();
    let paid = 0;
    try {
      while (this.#blocks.length > 0) {
        // While it waits for the link a request can still be cancelled, so it stays in the queue; its place on the link is
        // then the next one's.
        const price = this.#priceOfNext();
        const turn = paid < price ? this.#limiter.take(price - paid) : undefined;
        paid = Math.max(paid, price);
        if (turn !== undefined) await turn;
        const batch = this.#takeBatch(paid);
        for (const { length } of batch) paid -= length;
        if (batch.length > 0 && !(await this.#send(batch)))
          await new Promise<void>((resolve) => (this.#drained = resolve));
      }
    } catch (error) {
      this.#target.failed(error);
    } finally {
      this.#isRunning = false;
    }
    if (!this.#isClosed) this.#target.idle();
  }

  /** What the link must give for the first waiting block, and for as many more as it gives at once. */
  #priceOfNext(): number {
    const most = Math.min(batchBytes, this.#limiter.burst);
    let price = 0;
    for (const { length } of this.#blocks) {
      if (price > 0 && price + length > most) break;
      price += length;
    }
    return price;
  }

  #takeBatch(paid: number): readonly Block[] {
    let bytes = 0;
    let messages = 0;
    let count = 0;
    for (const { length } of this.#blocks) {
      messages += pieceHeaderLength + length;
      bytes += length;
      if (bytes > paid || (count > 0 && messages > batchBytes)) break;
      count++;
    }
    return this.#blocks.splice(0, count);
  }

  /** False: wait until it is drained. Throws what the disk says. */
  async #send(batch: readonly Block[]): Promise<boolean> {
    const clears = this.#clears;
    const blocks = joinBlocks(batch, this.#target.longestBlock());
    const size = blocks.reduce((sum, { length }) => sum + pieceHeaderLength + length, 0);
    const taken = this.#buffers.take(size);
    const buffer = taken instanceof Uint8Array ? taken : await taken;
    const giveBack = (): void => this.#buffers.give(buffer);
    try {
      await this.#fill(buffer, blocks);
    } catch (error) {
      giveBack();
      throw error;
    }
    // Taken back while the disk was read: without BEP 6 nothing comes after a choke, not even when the next turn has begun.
    if (this.#isClosed || clears !== this.#clears) {
      giveBack();
      return true;
    }
    const isRoom = this.#target.send(buffer.subarray(0, size), giveBack);
    this.#target.sent(batch);
    // Whoever is told may have closed it.
    return isRoom || this.#isClosed;
  }

  /** Writes the messages that hold the blocks; those that follow each other in a piece are read at once. */
  async #fill(buffer: Uint8Array, blocks: readonly Block[]): Promise<void> {
    const reads: Promise<void>[] = [];
    let parts: Uint8Array[] = [];
    let [first] = blocks;
    let offset = 0;
    for (const [index, block] of blocks.entries()) {
      writePieceHeader(buffer, offset, block);
      offset += pieceHeaderLength;
      parts.push(buffer.subarray(offset, offset + block.length));
      offset += block.length;
      const next = blocks[index + 1];
      const goesOn = next?.piece === block.piece && next.begin === block.begin + block.length;
      if (goesOn || first === undefined) continue;
      reads.push(this.#target.read(first.piece, first.begin, parts));
      parts = [];
      first = next;
    }
    // All of them end before the buffer is anybody else's.
    const ends = await Promise.allSettled(reads);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

function isSame(one: Block, other: Block): boolean {
  return one.piece === other.piece && one.begin === other.begin && one.length === other.length;
}
