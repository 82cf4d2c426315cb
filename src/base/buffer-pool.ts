/** A buffer smaller than this is not worth another size. */
const smallest = 16 * 1024;

/**
 * Buffers that are used again and again: to get a large one from the system costs as much as to fill it, and the garbage
 * collector hears of it too late. At most `limit` bytes are out and at hand together; whoever wants more waits.
 */
export class BufferPool {
  readonly #limit: number;
  /** Buffers at hand, by their size. */
  readonly #free = new Map<number, Uint8Array[]>();
  /** How few buffers of each size were at hand at any moment since the last trim. */
  readonly #spare = new Map<number, number>();
  readonly #waiting: { readonly size: number; readonly give: (buffer: Uint8Array) => void }[] = [];
  #bytes = 0;
  #freeBytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of all buffers, those at hand included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the buffers that are out. */
  get bytesOut(): number {
    return this.#bytes - this.#freeBytes;
  }

  /** True when a buffer of `length` bytes can be had within the limit. */
  hasRoom(length: number): boolean {
    return this.bytesOut + sizeFor(length) <= this.#limit;
  }

  /** A buffer of `length` bytes at least, with any content, also beyond the limit. To be given back once. */
  takeNow(length: number): Uint8Array {
    const size = sizeFor(length);
    const free = this.#free.get(size);
    const found = free?.pop();
    if (found === undefined) return this.#create(size);
    this.#freeBytes -= size;
    const left = free?.length ?? 0;
    if (left < (this.#spare.get(size) ?? 0)) this.#spare.set(size, left);
    return found;
  }

  /** As `takeNow`, within the limit: a promise when it must be waited for, first come first served. */
  take(length: number): Uint8Array | Promise<Uint8Array> {
    if (this.#waiting.length === 0 && this.hasRoom(length)) return this.takeNow(length);
    return new Promise((give) => this.#waiting.push({ size: sizeFor(length), give }));
  }

  /** Gives a buffer back: it must not be touched any more. */
  give(buffer: Uint8Array): void {
    const size = buffer.length;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    this.#freeBytes += size;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.hasRoom(next.size)) break;
      this.#waiting.shift();
      next.give(this.takeNow(next.size));
    }
  }

  /** Lets go of the buffers that were not needed since the last time. */
  trim(): void {
    for (const [size, free] of this.#free) {
      const spare = this.#spare.get(size) ?? 0;
      this.#drop(size, spare);
      this.#spare.set(size, free.length);
    }
  }

  #create(size: number): Uint8Array {
    // What lies here in other sizes makes room.
    for (const [other, free] of this.#free) {
      const excess = this.#bytes + size - this.#limit;
      if (excess <= 0) break;
      this.#drop(other, Math.min(free.length, Math.ceil(excess / other)));
    }
    this.#bytes += size;
    return Buffer.allocUnsafeSlow(size);
  }

  #drop(size: number, count: number): void {
    const free = this.#free.get(size) ?? [];
    free.length -= count;
    this.#freeBytes -= count * size;
    this.#bytes -= count * size;
    this.#spare.set(size, Math.min(this.#spare.get(size) ?? 0, free.length));
  }
}

function sizeFor(length: number): number {
  return Math.max(smallest, 2 ** Math.ceil(Math.log2(length)));
}
