import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeAll } from '../../base/write-all.ts';
import { digestFileName, type Digest } from '../../oci/digest.ts';
import { makeFolder } from '../durable-file.ts';
import { expectRoom } from '../expect-room.ts';
import { systemFiles, type Files, type OpenFile } from '../files.ts';
import { storageFault } from '../storage-error.ts';
import {
  CachedBlock,
  nameOf,
  parseBlockName,
  type BlockName,
  type OpenCount,
} from './cached-block.ts';

export interface BlockCacheOptions {
  /** The most bytes that are kept. */
  readonly mostBytes: number;
  /** Bytes of a block; default 4 MiB. */
  readonly blockBytes?: number | undefined;
  readonly files?: Files | undefined;
}

/** Where the bytes of a blob come from when the cache lacks them. */
export type BlockSource = (start: number, end: number) => AsyncIterable<Uint8Array>;

/** A block in use; it stays readable until it is let go. */
export interface BlockLease extends Disposable {
  readonly block: CachedBlock;
}

/** Raised when the local disk does not take a block; what is cached can be done without. */
export class CacheWriteError extends Error {}

const usualBlockBytes = 4 * 1024 * 1024;
/** Files that are held open for the next read. */
const mostOpen = 256;

/**
 * Blocks of blobs that were read from afar, in files of one folder: those that were used last, up to so many bytes. Each is fetched
 * once, however many ask for it. A file's name tells its blob, its place there and the CRC-32 of its bytes; what a crash left wrong is
 * found at the first use, and fetched anew. Nothing is synced: what is lost is fetched again.
 */
export class BlockCache implements AsyncDisposable {
  readonly blockBytes: number;
  readonly #folder: string;
  readonly #files: Files;
  readonly #mostBytes: number;
  /** By what they hold; those that were used last stand last. */
  readonly #blocks = new Map<string, CachedBlock>();
  readonly #fetching = new Map<string, Fetching>();
  readonly #removing = new Set<Promise<void>>();
  #bytes = 0;
  readonly #count: OpenCount = { open: 0 };

  private constructor(folder: string, options: BlockCacheOptions) {
    this.#folder = folder;
    this.#files = options.files ?? systemFiles;
    this.#mostBytes = options.mostBytes;
    this.blockBytes = options.blockBytes ?? usualBlockBytes;
  }

  /** Takes what an earlier process left in `folder`. Throws StorageError. */
  static async open(folder: string, options: BlockCacheOptions): Promise<BlockCache> {
    const cache = new BlockCache(folder, options);
    try {
      await makeFolder(folder, undefined, cache.#files);
      await cache.#load();
    } catch (error) {
      throw storageFault(`cannot use the cache ${folder}`, error);
    }
    cache.#evict(0);
    return cache;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The block of a blob of `size` bytes that holds the byte `at`, fetched from `source` when it is not here. Throws what the source
   * throws, or CacheWriteError.
   */
  async lease(digest: Digest, size: number, at: number, source: BlockSource): Promise<BlockLease> {
    const place = this.#placeAt(digest, size, at);
    const key = keyOf(place);
    for (;;) {
      const block = this.#blocks.get(key) ?? (await this.#fetchOnce(key, place, source));
      // It may have been dropped while it was waited for: whoever waited has it still.
      block.use();
      if (this.#blocks.delete(key)) this.#blocks.set(key, block);
      const lease = { block, [Symbol.dispose]: () => this.#letGo(block) };
      if (await this.#isRight(block)) return lease;
      this.#remove(block);
      lease[Symbol.dispose]();
    }
  }

  /** Whether the block of the byte `at` is here, or on its way. */
  has(digest: Digest, size: number, at: number): boolean {
    const key = keyOf(this.#placeAt(digest, size, at));
    return this.#blocks.has(key) || this.#fetching.has(key);
  }

  /** Forgets a blob; whoever reads it now reads on. */
  drop(digest: Digest): void {
    for (const block of this.#of(digest)) this.#remove(block);
    for (const [key, fetching] of this.#fetching) {
      if (fetching.place.digest !== digest) continue;
      fetching.isDropped = true;
      this.#fetching.delete(key);
    }
  }

  /** Checks the blocks of a blob again at their next use. */
  doubt(digest: Digest): void {
    for (const block of this.#of(digest)) block.isChecked = false;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#fetching.values()].map(({ block }) => block));
    await Promise.allSettled(this.#removing);
    await Promise.all([...this.#blocks.values()].map((block) => block.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #load(): Promise<void> {
    const found: { readonly block: CachedBlock; readonly changedAt: number }[] = [];
    for await (const { name } of this.#files.list(this.#folder)) {
      const path = join(this.#folder, name);
      const parsed = parseBlockName(name);
      const status = await this.#files.stat(path);
      if (parsed !== undefined && status.size === parsed.end - parsed.start) {
        found.push({ block: this.#block(path, parsed), changedAt: status.mtimeMs });
      } else if (parsed !== undefined || name.endsWith('.tmp')) {
        await this.#files.rm(path, { force: true });
      }
    }
    found.sort((one, other) => one.changedAt - other.changedAt);
    for (const { block } of found) {
      this.#blocks.set(keyOf(block.place), block);
      this.#bytes += block.length;
    }
  }

  /** The block of a blob of `size` bytes that holds the byte `at`. */
  #placeAt(digest: Digest, size: number, at: number): BlockPlace {
    const start = at - (at % this.blockBytes);
    return { digest, start, end: Math.min(size, start + this.blockBytes) };
  }

  #block(path: string, name: BlockName, file?: OpenFile): CachedBlock {
    return new CachedBlock(path, name, this.#files, this.#count, file);
  }

  *#of(digest: Digest): Generator<CachedBlock, void, undefined> {
    for (const block of this.#blocks.values()) if (block.place.digest === digest) yield block;
  }

  #fetchOnce(key: string, place: BlockPlace, source: BlockSource): Promise<CachedBlock> {
    const known = this.#fetching.get(key);
    if (known !== undefined) return known.block;
    const fetching = { place, isDropped: false };
    const block = this.#fetch(fetching, source).finally(() => {
      if (!fetching.isDropped) this.#fetching.delete(key);
    });
    this.#fetching.set(key, Object.assign(fetching, { block }));
    return block;
  }

  async #fetch(fetching: Omit<Fetching, 'block'>, source: BlockSource): Promise<CachedBlock> {
    const { place } = fetching;
    const length = place.end - place.start;
    const temporary = join(this.#folder, `${randomUUID()}.tmp`);
    this.#evict(length);
    this.#bytes += length;
    let file: OpenFile | undefined;
    try {
      file = await onDisk(async () => {
        await this.#expectRoom(length);
        return await this.#files.open(temporary, 'wx+', 0o600);
      });
      const whole = { ...place, crc: await fill(file, source(place.start, place.end)) };
      const path = join(this.#folder, nameOf(whole));
      await onDisk(() => this.#files.rename(temporary, path));
      const block = this.#block(path, whole, file);
      if (fetching.isDropped) {
        this.#bytes -= length;
        this.#note(block.remove());
      } else {
        this.#blocks.set(keyOf(place), block);
      }
      return block;
    } catch (error) {
      this.#bytes -= length;
      await file?.close().catch(() => {});
      await this.#files.rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** Where the volume is full, the cache gives way to what cannot be done without. */
  async #expectRoom(length: number): Promise<void> {
    try {
      await expectRoom(this.#folder, this.#files);
    } catch (error) {
      this.#evict(this.#mostBytes - this.#bytes + 2 * length);
      throw error;
    }
  }

  async #isRight(block: CachedBlock): Promise<boolean> {
    try {
      return await block.check();
    } catch {
      return false;
    }
  }

  #letGo(block: CachedBlock): void {
    block.letGo();
    if (this.#count.open > mostOpen && !block.isInUse) this.#note(block.close());
  }

  /** Makes room for `length` bytes, as far as nobody reads. */
  #evict(length: number): void {
    for (const block of this.#blocks.values()) {
      if (this.#bytes + length <= this.#mostBytes) return;
      if (!block.isInUse) this.#remove(block);
    }
  }

  #remove(block: CachedBlock): void {
    if (this.#blocks.get(keyOf(block.place)) !== block) return;
    this.#blocks.delete(keyOf(block.place));
    this.#bytes -= block.length;
    this.#note(block.remove());
  }

  #note(task: Promise<void>): void {
    const noted: Promise<void> = task
      .catch(() => {})
      .finally(() => {
        this.#removing.delete(noted);
      });
    this.#removing.add(noted);
  }
}

type BlockPlace = Omit<BlockName, 'crc'>;

interface Fetching {
  readonly place: BlockPlace;
  readonly block: Promise<CachedBlock>;
  /** What comes is not to be kept: the blob was replaced meanwhile. */
  isDropped: boolean;
}

/** Writes all that comes, and gives its CRC-32. */
async function fill(file: OpenFile, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let at = 0;
  let crc = 0;
  for await (const chunk of chunks) {
    await onDisk(() => writeAll(file, chunk, at));
    crc = crc32(chunk, crc);
    at += chunk.length;
  }
  return crc;
}

function keyOf({ digest, start, end }: BlockPlace): string {
  return `${digestFileName(digest)}.${start}-${end}`;
}

/** What the local disk refuses is told apart from what the source throws. */
async function onDisk<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw new CacheWriteError('the cache cannot be written', { cause });
  }
}
