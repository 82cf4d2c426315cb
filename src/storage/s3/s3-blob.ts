import type { Digest } from '../../oci/digest.ts';
import type { OpenBlob } from '../blob-store.ts';
import type { OpenFile } from '../files.ts';
import { readExactly, readSlices } from '../read-slices.ts';
import { CacheWriteError, type BlockCache, type BlockSource } from './block-cache.ts';

/** Blocks that are fetched ahead of whoever reads on. */
const blocksAhead = 2;

/** What an open blob needs of its store. */
export interface S3BlobParts {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly cache: BlockCache;
  /** The bytes as the store has them. */
  readonly source: BlockSource;
  /** True reads them always from there. */
  readonly isFresh: boolean;
  /** Told once when nobody reads it here any more. */
  readonly closed: () => void;
}

/** A blob of an S3 store, read by way of the cache. */
export class S3Blob implements OpenBlob {
  readonly #parts: S3BlobParts;
  #isOpen = true;

  constructor(parts: S3BlobParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#parts.size;
  }

  read(start: number, end: number): AsyncIterable<Uint8Array> {
    const { isFresh, source } = this.#parts;
    if (isFresh) return source(start, end);
    return readSlices({ read: (...where) => this.#read(end, ...where) }, start, end);
  }

  async readInto(into: Uint8Array, start: number): Promise<void> {
    const { isFresh, source } = this.#parts;
    const end = start + into.length;
    if (isFresh) await fill(into, 0, source(start, end));
    else await readExactly({ read: (...where) => this.#read(end, ...where) }, into, start);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#parts.closed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** As a file reads: at most to the end of the block that holds `position`. */
  async #read(
    end: number,
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): ReturnType<OpenFile['read']> {
    const { digest, size, cache, source } = this.#parts;
    this.#fetchAhead(position, end);
    let lease;
    try {
      lease = await cache.lease(digest, size, position, source);
    } catch (error) {
      if (!(error instanceof CacheWriteError)) throw error;
      const bytesRead = await fill(into, offset, source(position, position + length));
      return { bytesRead };
    }
    using held = lease;
    return await held.block.read(into, offset, length, position);
  }

  #fetchAhead(position: number, end: number): void {
    const { digest, size, cache, source } = this.#parts;
    for (let block = 1; block <= blocksAhead; block++) {
      const at = position - (position % cache.blockBytes) + block * cache.blockBytes;
      if (at >= end || cache.has(digest, size, at)) continue;
      // Whoever comes to read it hears what went wrong.
      cache.lease(digest, size, at, source).then(
        (lease) => lease[Symbol.dispose](),
        () => {},
      );
    }
  }
}

/** Gives how many bytes came. */
async function fill(
  into: Uint8Array,
  offset: number,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  let at = offset;
  for await (const chunk of chunks) {
    into.set(chunk, at);
    at += chunk.length;
  }
  return at - offset;
}
