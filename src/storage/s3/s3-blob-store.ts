import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { remember } from '../../base/remember.ts';
import {
  digestAlgorithm,
  digestFileName,
  digestHex,
  isDigest,
  isEmptyDigest,
  type Digest,
} from '../../oci/digest.ts';
import type { BlobEntry, BlobStore, BlobUpload, OpenBlob, UploadEntry } from '../blob-store.ts';
import { makeFolderIn } from '../durable-file.ts';
import { systemFiles, type Files } from '../files.ts';
import type { FolderIdentity } from '../folder-identity.ts';
import { storageFault } from '../storage-error.ts';
import { BlockCache } from './block-cache.ts';
import { BlobReaders } from './blob-readers.ts';
import { S3Blob } from './s3-blob.ts';
import { S3Bucket } from './s3-bucket.ts';
import { S3Identity } from './s3-identity.ts';
import type { S3Options } from './s3-options.ts';
import { S3Uploads } from './s3-uploads.ts';

export interface S3BlobStoreOptions {
  readonly s3: S3Options;
  readonly identity: FolderIdentity;
  readonly clock: Clock;
  readonly files?: Files | undefined;
  /** Bytes of the local volume that uploads leave free. */
  readonly keepFree?: number | undefined;
  /** Bytes of a block of the cache. */
  readonly blockBytes?: number | undefined;
}

const usualCacheBytes = 20e9;
const usualPartBytes = 16 * 1024 * 1024;
/** Milliseconds for which an object's size holds: an image's pull asks for it again and again. */
const sizeHolds = 30_000;
const mostSizes = 20_000;
/** Milliseconds for which a bucket that was there is taken to be there, by those who ask whether all is well. */
const checkHolds = 5000;

/**
 * Blobs as objects of an S3-compatible store:
 *
 *     docket.id                        tells this place from any other
 *     blobs/sha256/e3/e3b0c442…        whole, verified blobs
 *     uploads/<uuid>/<5 digits>        full chunks of uploads under way
 *     quarantine/sha256-e3b0c4…        blobs that were found damaged
 *
 * and in a local folder:
 *
 *     uploads/<uuid>.<5 digits>        what of an upload is not sent yet
 *     cache/                           blocks of blobs that were read lately
 */
export class S3BlobStore implements BlobStore {
  readonly #bucket: S3Bucket;
  readonly #cache: BlockCache;
  readonly #folderIdentity: FolderIdentity;
  readonly #identity: S3Identity;
  readonly #clock: Clock;
  readonly #files: Files;
  readonly #folder: string;
  readonly #uploads: S3Uploads;
  readonly #readers = new BlobReaders((digest) => this.#removeNow(digest));
  readonly #sizes = new Map<Digest, { readonly size: number; readonly at: number }>();
  readonly #quarantined = new Set<string>();
  #isInDoubt = false;
  #wasThereAt = -Infinity;

  private constructor(
    options: S3BlobStoreOptions,
    parts: { readonly bucket: S3Bucket; readonly cache: BlockCache; readonly identity: S3Identity },
  ) {
    const { s3, identity, clock, files = systemFiles, keepFree } = options;
    this.#bucket = parts.bucket;
    this.#cache = parts.cache;
    this.#identity = parts.identity;
    this.#folderIdentity = identity;
    this.#clock = clock;
    this.#files = files;
    this.#folder = join(identity.folder, 'uploads');
    this.#uploads = new S3Uploads({
      bucket: parts.bucket,
      files,
      folder: this.#folder,
      chunkBytes: s3.partBytes ?? usualPartBytes,
      keepFree,
      publish: (digest, write) => this.#publish(digest, write),
      failed: () => {
        this.#isInDoubt = true;
      },
    });
  }

  /** Opens the place, and makes what is missing in the local folder. Throws StorageError. */
  static async open(options: S3BlobStoreOptions): Promise<S3BlobStore> {
    const { s3, identity, clock, files = systemFiles, blockBytes } = options;
    const { folder } = identity;
    await using parts = new AsyncDisposableStack();
    const bucket = parts.use(await S3Bucket.open(s3, clock));
    try {
      await makeFolderIn(folder, join(folder, 'uploads'), undefined, files);
    } catch (error) {
      throw storageFault(`cannot keep uploads in ${folder}`, error);
    }
    const mostBytes = s3.cacheBytes ?? usualCacheBytes;
    const cache = parts.use(
      await BlockCache.open(join(folder, 'cache'), { mostBytes, blockBytes, files }),
    );
    const place = await S3Identity.open(bucket, identity, files);
    const store = new S3BlobStore(options, { bucket, cache, identity: place });
    for await (const { name } of bucket.list('quarantine/')) {
      store.#quarantined.add(name.slice('quarantine/'.length));
    }
    parts.move();
    return store;
  }

  /** The digest: the swarm's disk opens it here. */
  pathOf(digest: Digest): string {
    return digest;
  }

  async open(
    digest: Digest,
    { fresh = false }: { readonly fresh?: boolean } = {},
  ): Promise<OpenBlob | undefined> {
    if (fresh) {
      this.#sizes.delete(digest);
      this.#cache.doubt(digest);
    }
    const size = await this.size(digest);
    if (size === undefined) return undefined;
    this.#readers.opened(digest);
    return new S3Blob({
      digest,
      size,
      cache: this.#cache,
      source: (start, end) => this.#bucket.read(objectOf(digest), start, end),
      isFresh: fresh,
      closed: () => this.#readers.closed(digest),
    });
  }

  async size(digest: Digest): Promise<number | undefined> {
    const size = await this.#sizeOfObject(digest);
    return size === 0 && !isEmptyDigest(digest) ? undefined : size;
  }

  async remove(digest: Digest): Promise<boolean> {
    if ((await this.#sizeOfObject(digest)) === undefined) return false;
    await this.#readers.remove(digest);
    return true;
  }

  async *list(): AsyncIterable<BlobEntry> {
    for await (const { name, size, changedAt } of this.#bucket.list('blobs/')) {
      const digest = digestOfObject(name);
      if (digest === undefined || this.#readers.isRemoved(digest)) continue;
      yield { digest, size, changedAt };
    }
  }

  async quarantine(digest: Digest): Promise<boolean> {
    this.#sizes.delete(digest);
    const size = await this.#sizeOfObject(digest);
    if (size === undefined) return false;
    const name = digestFileName(digest);
    await this.#bucket.copy(objectOf(digest), `quarantine/${name}`, size);
    this.#quarantined.add(name);
    await this.#readers.remove(digest);
    return true;
  }

  async createUpload(): Promise<BlobUpload> {
    await this.#folderIdentity.expect();
    return await this.#uploads.create();
  }

  async openUpload(id: string): Promise<BlobUpload | undefined> {
    await this.#folderIdentity.expect();
    return await this.#uploads.open(id);
  }

  async *uploads(): AsyncIterable<UploadEntry> {
    yield* this.#uploads.list();
  }

  async tidy(): Promise<void> {
    await this.#bucket.abortOthers();
  }

  async check(): Promise<void> {
    await this.#folderIdentity.expect();
    await this.#uploads.expectRoom();
    try {
      await this.#files.expectWritable(this.#folder);
    } catch (error) {
      throw storageFault('cannot write in the folder of uploads', error);
    }
    if (this.#isInDoubt) {
      await this.#bucket.put('probe', Buffer.from('Can this place be written?\n'));
      await this.#bucket.remove('probe');
      this.#isInDoubt = false;
    }
    if (this.#clock.now() - this.#wasThereAt < checkHolds) return;
    await this.#identity.expect();
    this.#wasThereAt = this.#clock.now();
  }

  async close(): Promise<void> {
    await this.#readers.settled();
    await this.#cache.close();
    await this.#bucket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sizeOfObject(digest: Digest): Promise<number | undefined> {
    if (this.#readers.isRemoved(digest)) return undefined;
    const known = this.#sizes.get(digest);
    if (known !== undefined && this.#clock.now() - known.at < sizeHolds) return known.size;
    this.#sizes.delete(digest);
    const size = await this.#bucket.size(objectOf(digest));
    if (size !== undefined) this.#remember(digest, size);
    // It is not there: unless that is because its bucket is not.
    else await this.#identity.expect();
    return size;
  }

  #remember(digest: Digest, size: number): void {
    remember(this.#sizes, digest, { size, at: this.#clock.now() }, mostSizes);
  }

  async #publish(digest: Digest, write: (name: string) => Promise<void>): Promise<void> {
    await this.#folderIdentity.expect();
    await this.#readers.restored(digest);
    this.#forget(digest);
    try {
      await write(objectOf(digest));
    } catch (error) {
      this.#isInDoubt = true;
      throw error;
    } finally {
      this.#forget(digest);
    }
    await this.#forgetQuarantined(digestFileName(digest));
  }

  async #removeNow(digest: Digest): Promise<void> {
    try {
      await this.#bucket.remove(objectOf(digest));
    } finally {
      this.#forget(digest);
    }
  }

  #forget(digest: Digest): void {
    this.#sizes.delete(digest);
    this.#cache.drop(digest);
  }

  /** The right bytes are here now. */
  async #forgetQuarantined(name: string): Promise<void> {
    if (!this.#quarantined.has(name)) return;
    await this.#bucket.remove(`quarantine/${name}`).catch(() => {});
    this.#quarantined.delete(name);
  }
}

function objectOf(digest: Digest): string {
  const hex = digestHex(digest);
  return `blobs/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;
}

function digestOfObject(name: string): Digest | undefined {
  const match = /^blobs\/(sha256|sha512)\/([0-9a-f]{2})\/([0-9a-f]+)$/.exec(name);
  const digest = `${match?.[1]}:${match?.[3]}`;
  return isDigest(digest) && match?.[3]?.startsWith(match[2] ?? '-') === true ? digest : undefined;
}
