import type { RateLimiter } from '../base/rate-limiter.ts';
import type { Block } from '../torrent/geometry.ts';

/** What an upload queue needs of its surroundings. */
export interface UploadTarget {
  /** The block's bytes, verified. Throws when the disk refuses. */
  read(block: Block): Uint8Array | Promise<Uint8Array>;
  /** False: wait until `drained` is called. */
  send(block: Block, bytes: Uint8Array): boolean;
  /** The block is on its way. */
  sent(block: Block): void;
  failed(error: unknown): void;
}

/** The requests of one peer, answered one after another as the link allows. */
export class UploadQueue {
  readonly #limiter: RateLimiter;
  readonly #target: UploadTarget;
  #blocks: Block[] = [];
  #isRunning = false;
  #isClosed = false;
  /** How often all requests were taken back. */
  #clears = 0;
  #drained: (() => void) | undefined;

  constructor(limiter: RateLimiter, target: UploadTarget) {
    this.#limiter = limiter;
    this.#target = target;
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
    this.#blocks = this.#blocks.filter(
      ({ piece, begin, length }) =>
        piece !== block.piece || begin !== block.begin || length !== block.length,
    );
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
    let paid = 0;
    try {
      for (
        let block = this.#blocks[0];
        block !== undefined && !this.#isClosed;
        block = this.#blocks[0]
      ) {
        // While it waits for the link a request can still be cancelled, so it stays in the queue; its place on the link is
        // then the next one's.
        const turn = paid < block.length ? this.#limiter.take(block.length - paid) : undefined;
        paid = Math.max(paid, block.length);
        if (turn !== undefined) await turn;
        if (this.#blocks[0] !== block) continue;
        this.#blocks.shift();
        paid -= block.length;
        const clears = this.#clears;
        const read = this.#target.read(block);
        const bytes = read instanceof Uint8Array ? read : await read;
        if (this.#isClosed) return;
        // Taken back while the disk was read: without BEP 6 nothing comes after a choke, not even when the next turn has begun.
        if (clears !== this.#clears) continue;
        const isRoom = this.#target.send(block, bytes);
        this.#target.sent(block);
        if (!isRoom) await new Promise<void>((resolve) => (this.#drained = resolve));
      }
    } catch (error) {
      this.#target.failed(error);
    } finally {
      this.#isRunning = false;
    }
  }
}
