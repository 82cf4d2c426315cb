import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { digestAlgorithm, digestAlgorithms, digestHex, type Digest } from '../../oci/digest.ts';
import { moveDurably } from '../../storage/durable-file.ts';
import { CacheError } from './cache-error.ts';
import { recordPathOf } from '../../swarm/piece-record.ts';
import { hashFile } from './hash-file.ts';

/** A whole blob on disk, whose digest was checked. */
export interface CachedBlob {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Downloads that nobody went on with for so long are given up. */
const partialAge = 7 * 24 * 3600_000;

/**
 * Blobs as files: whole and verified ones in `blobs/<algorithm>/<hex>`, those under way in `partial`. A blob is hashed
 * when it enters, and again before it is used when its file is not exactly as it was then: files get lost and damaged.
 */
export class BlobFiles {
  readonly #folder: string;
  readonly #log: Log;
  /** What a file looked like when its digest was last found right. */
  readonly #verified = new Map<Digest, string>();
  readonly #verifying = new Map<Digest, Promise<CachedBlob | undefined>>();
  #bytes = 0;

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Makes the folders, counts the blobs and removes old partial files. Call it once, first. */
  async start(now: number): Promise<void> {
    const partial = path.join(this.#folder, 'partial');
    await mkdir(partial, { recursive: true });
    for (const algorithm of digestAlgorithms) {
      const blobs = path.join(this.#folder, 'blobs', algorithm);
      await mkdir(blobs, { recursive: true });
      for (const name of await readdir(blobs)) this.#bytes += await sizeOf(path.join(blobs, name));
    }
    for (const name of await readdir(partial)) {
      const file = path.join(partial, name);
      if (now - (await stat(file)).mtimeMs > partialAge) await rm(file, { recursive: true });
    }
  }

  /** Bytes of all blobs. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where the pieces of a blob that is fetched from its swarm are written to. */
  partialPath(digest: Digest): string {
    return path.join(this.#folder, 'partial', digestHex(digest));
  }

  /** Where a blob that is fetched over HTTP from its first byte on is written to: such a file has no holes. */
  plainPath(digest: Digest): string {
    return `${this.partialPath(digest)}.plain`;
  }

  /** Removes what a swarm brought of a blob. */
  async removePartial(digest: Digest): Promise<void> {
    const file = this.partialPath(digest);
    await Promise.all([file, recordPathOf(file)].map((path) => rm(path, { force: true })));
  }

  /**
   * Throws CacheError CACHE_FULL when the disk lacks room for what is still to come of a blob of `size` bytes. Other
   * blobs may take that room meanwhile: this only spares most clients a body that is cut.
   */
  async checkRoom(digest: Digest, size: number): Promise<void> {
    const { bavail, bsize, blocks } = await statfs(this.#folder);
    const files = [this.partialPath(digest), this.plainPath(digest)];
    const present = await Promise.all(files.map(bytesOnDisk));
    const room = bavail * bsize + Math.max(...present);
    // Some file systems do not tell their size.
    if (blocks === 0 || room >= size) return;
    throw new CacheError('CACHE_FULL', `the disk has no room for the ${size} bytes of ${digest}`);
  }

  /** A blob that is there and right. Otherwise undefined; one that is damaged is taken out first. */
  async find(digest: Digest): Promise<CachedBlob | undefined> {
    const file = this.#blobPath(digest);
    const seen = await lookOf(file);
    if (seen === undefined) return undefined;
    if (this.#verified.get(digest) === seen.look) return { path: file, size: seen.size };
    const pending = this.#verifying.get(digest);
    if (pending !== undefined) return await pending;
    const verifying = this.#verify(digest, file, seen).finally(() =>
      this.#verifying.delete(digest),
    );
    this.#verifying.set(digest, verifying);
    return await verifying;
  }

  /** As `find`, but hashes the file though it looks as it did. */
  async findAnew(digest: Digest): Promise<CachedBlob | undefined> {
    this.#verified.delete(digest);
    return await this.find(digest);
  }

  /** True when a file of that digest is there; whether it is right, `find` tells. */
  async has(digest: Digest): Promise<boolean> {
    return (await lookOf(this.#blobPath(digest))) !== undefined;
  }

  /**
   * Moves `file` in as the blob `digest`, durably. The caller has hashed its bytes, unless `verify` asks for it here:
   * then throws CacheError CACHE_DIGEST_WRONG, and leaves the file where it is.
   */
  async commit(
    digest: Digest,
    file: string,
    verify: boolean,
    signal?: AbortSignal,
  ): Promise<CachedBlob> {
    if (verify && (await hashFile(file, digestAlgorithm(digest), signal)) !== digest) {
      throw new CacheError('CACHE_DIGEST_WRONG', `the bytes of ${digest} have another digest`);
    }
    const handle = await open(file, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    const target = this.#blobPath(digest);
    const before = await sizeOf(target);
    await moveDurably(file, target);
    await rm(recordPathOf(file), { force: true });
    const seen = await lookOf(target);
    if (seen === undefined) throw new Error(`${target} vanished`);
    this.#verified.set(digest, seen.look);
    this.#bytes += seen.size - before;
    return { path: target, size: seen.size };
  }

  /** Takes a blob out that was found damaged. It counts as partly fetched: most of its pieces may be right. */
  async drop(digest: Digest): Promise<void> {
    const file = this.#blobPath(digest);
    this.#verified.delete(digest);
    this.#bytes -= await sizeOf(file);
    await rm(recordPathOf(this.partialPath(digest)), { force: true });
    await rename(file, this.partialPath(digest)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }

  async #verify(
    digest: Digest,
    file: string,
    seen: { readonly look: string; readonly size: number },
  ): Promise<CachedBlob | undefined> {
    const found = await hashFile(file, digestAlgorithm(digest)).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found === digest) {
      this.#verified.set(digest, seen.look);
      return { path: file, size: seen.size };
    }
    if (found !== undefined) {
      this.#log.warn({ digest }, 'a blob in the cache is damaged');
      await this.drop(digest);
    }
    return undefined;
  }

  #blobPath(digest: Digest): string {
    return path.join(this.#folder, 'blobs', digestAlgorithm(digest), digestHex(digest));
  }
}

/** What changes when somebody writes to a file or puts another in its place. */
async function lookOf(file: string): Promise<{ look: string; size: number } | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return { look: `${ino} ${size} ${mtimeNs} ${ctimeNs}`, size: Number(size) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What a file takes up, which is less than its size when it has holes. */
async function bytesOnDisk(file: string): Promise<number> {
  return ((await stat(file).catch(() => undefined))?.blocks ?? 0) * 512;
}

async function sizeOf(file: string): Promise<number> {
  return (await lookOf(file))?.size ?? 0;
}
