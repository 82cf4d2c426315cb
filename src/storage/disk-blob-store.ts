import { randomUUID } from 'node:crypto';
import { open, opendir, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { digestAlgorithm, digestHex, sha256Of, digestOf, type Digest } from '../oci/digest.ts';
import type { BlobUpload, LocalBlobStore, OpenBlob, UploadEntry } from './blob-store.ts';
import { DiskUpload } from './disk-upload.ts';
import { makeFolder, moveDurably, syncFolder } from './durable-file.ts';
import { readSlices } from './read-slices.ts';
import { storageFault } from './storage-error.ts';

const uploadIdGrammar = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const nothing = new Uint8Array();
const emptyDigests: ReadonlySet<Digest> = new Set([sha256Of(nothing), digestOf('sha512', nothing)]);

/**
 * Blobs as files of a folder:
 *
 *     blobs/sha256/e3/e3b0c442…   whole, verified blobs; never changed, only replaced by equal bytes
 *     uploads/<uuid>              private, growing; renamed into blobs/ when it is whole
 */
export class DiskBlobStore implements LocalBlobStore {
  readonly #blobs: string;
  readonly #uploads: string;

  private constructor(folder: string) {
    this.#blobs = join(folder, 'blobs');
    this.#uploads = join(folder, 'uploads');
  }

  /** Opens the store in `folder`, making what is missing. Throws StorageError. */
  static async open(folder: string): Promise<DiskBlobStore> {
    const store = new DiskBlobStore(folder);
    try {
      await makeFolder(store.#blobs);
      await makeFolder(store.#uploads);
    } catch (error) {
      throw storageFault(`cannot keep blobs in ${folder}`, error);
    }
    return store;
  }

  pathOf(digest: Digest): string {
    const hex = digestHex(digest);
    return join(this.#blobs, digestAlgorithm(digest), hex.slice(0, 2), hex);
  }

  async open(digest: Digest): Promise<OpenBlob | undefined> {
    const file = await openIfThere(this.pathOf(digest), 'r');
    if (file === undefined) return undefined;
    const size = await sizeOf(digest, file).catch(async (error: unknown) => {
      await file.close();
      throw storageFault('cannot read a blob', error);
    });
    if (size !== undefined) return new DiskBlob(file, size);
    await file.close();
    return undefined;
  }

  async size(digest: Digest): Promise<number | undefined> {
    try {
      return await sizeOf(digest, { stat: () => stat(this.pathOf(digest)) });
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw storageFault('cannot look for a blob', error);
    }
  }

  async remove(digest: Digest): Promise<boolean> {
    const path = this.pathOf(digest);
    try {
      await rm(path);
      await syncFolder(dirname(path));
      return true;
    } catch (error) {
      if (isAbsence(error)) return false;
      throw storageFault('cannot remove a blob', error);
    }
  }

  async createUpload(): Promise<BlobUpload> {
    const id = randomUUID();
    try {
      const file = await open(join(this.#uploads, id), 'wx', 0o600);
      await file.close();
      await syncFolder(this.#uploads);
    } catch (error) {
      throw storageFault('cannot begin an upload', error);
    }
    return this.#upload(id, 0);
  }

  async openUpload(id: string): Promise<BlobUpload | undefined> {
    if (!uploadIdGrammar.test(id)) return undefined;
    await using file = await openIfThere(join(this.#uploads, id), 'r+');
    if (file === undefined) return undefined;
    try {
      // The writer may have been killed between its last write and its sync.
      await file.datasync();
      const { size } = await file.stat();
      return this.#upload(id, size);
    } catch (error) {
      throw storageFault('cannot open an upload', error);
    }
  }

  async *uploads(): AsyncIterable<UploadEntry> {
    for await (const entry of await opendir(this.#uploads)) {
      if (!entry.isFile() || !uploadIdGrammar.test(entry.name)) continue;
      try {
        const { mtimeMs } = await stat(join(this.#uploads, entry.name));
        yield { id: entry.name, changedAt: mtimeMs };
      } catch (error) {
        if (!isAbsence(error)) throw storageFault('cannot list uploads', error);
      }
    }
  }

  async check(): Promise<void> {
    const upload = await this.createUpload();
    try {
      await upload.append(probe());
    } finally {
      await upload.discard();
    }
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #upload(id: string, size: number): BlobUpload {
    return new DiskUpload(id, join(this.#uploads, id), size, (path, digest) =>
      this.#publish(path, digest),
    );
  }

  async #publish(path: string, digest: Digest): Promise<void> {
    const target = this.pathOf(digest);
    try {
      await makeFolder(dirname(target));
      await using file = await open(path, 'r+');
      await file.sync();
      await moveDurably(path, target);
    } catch (error) {
      throw storageFault('cannot store a blob', error);
    }
  }
}

class DiskBlob implements OpenBlob {
  readonly size: number;
  readonly #file: FileHandle;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  read(start: number, end: number): AsyncIterable<Uint8Array> {
    return readSlices(this.#file, start, end);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function openIfThere(path: string, flags: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw storageFault('cannot open a file', error);
  }
}

/** Enough bytes for a full disk to refuse them. */
async function* probe(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(64 * 1024);
}

/** An empty file is what a power loss leaves of a blob whose bytes were not synced (distribution#4489). */
async function sizeOf(
  digest: Digest,
  file: { stat(): Promise<{ readonly size: number; isFile(): boolean }> },
): Promise<number | undefined> {
  const status = await file.stat();
  if (!status.isFile() || (status.size === 0 && !emptyDigests.has(digest))) return undefined;
  return status.size;
}

function isAbsence(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}
