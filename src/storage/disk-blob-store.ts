import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import {
  digestAlgorithm,
  digestFileName,
  digestHex,
  isDigest,
  isEmptyDigest,
  type Digest,
} from '../oci/digest.ts';
import type { BlobEntry, BlobStore, BlobUpload, OpenBlob, UploadEntry } from './blob-store.ts';
import { DiskUpload } from './disk-upload.ts';
import { makeFolder, makeFolderIn, moveDurably, syncFolder } from './durable-file.ts';
import {
  systemFiles,
  type Files,
  type FileStatus,
  type FolderEntry,
  type OpenFile,
} from './files.ts';
import { expectRoom } from './expect-room.ts';
import { FolderIdentity } from './folder-identity.ts';
import { readExactly, readSlices } from './read-slices.ts';
import { StorageError, storageFault } from './storage-error.ts';
import { isUploadId } from './upload-file.ts';

export interface DiskBlobStoreOptions {
  /** Default: the operating system's. */
  readonly files?: Files;
  /** The folder's identity, when it is known already. */
  readonly identity?: FolderIdentity;
  /** Bytes of the volume that uploads leave free; default: 2 % of it, at most 64 MiB. */
  readonly keepFree?: number;
}

/**
 * Blobs as files of a folder:
 *
 *     docket.id                   tells this folder from any other
 *     blobs/sha256/e3/e3b0c442…   whole, verified blobs; never changed, only replaced by equal bytes
 *     uploads/<uuid>              private, growing; renamed into blobs/ when it is whole
 *     quarantine/sha256-e3b0c4…   blobs that were found damaged
 */
export class DiskBlobStore implements BlobStore {
  readonly #blobs: string;
  readonly #uploads: string;
  readonly #quarantine: string;
  readonly #files: Files;
  readonly #identity: FolderIdentity;
  readonly #keepFree: number | undefined;
  /** Folders of blobs that are there, durably. */
  readonly #made = new Set<string>();
  /** The names in quarantine. */
  readonly #quarantined = new Set<string>();
  /** The last write failed: the next check writes something. */
  #isInDoubt = false;

  private constructor(folder: string, identity: FolderIdentity, options: DiskBlobStoreOptions) {
    this.#blobs = join(folder, 'blobs');
    this.#uploads = join(folder, 'uploads');
    this.#quarantine = join(folder, 'quarantine');
    this.#identity = identity;
    this.#files = options.files ?? systemFiles;
    this.#keepFree = options.keepFree;
  }

  /** Opens the store in `folder`, making what is missing. Throws StorageError. */
  static async open(folder: string, options: DiskBlobStoreOptions = {}): Promise<DiskBlobStore> {
    const { files = systemFiles } = options;
    try {
      await makeFolder(folder, undefined, files);
      const identity = options.identity ?? (await FolderIdentity.open(folder, { files }));
      const store = new DiskBlobStore(folder, identity, options);
      for (const part of [store.#blobs, store.#uploads, store.#quarantine]) {
        await makeFolderIn(folder, part, undefined, files);
      }
      for await (const entry of files.list(store.#quarantine)) store.#quarantined.add(entry.name);
      return store;
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw storageFault(`cannot keep blobs in ${folder}`, error);
    }
  }

  pathOf(digest: Digest): string {
    const hex = digestHex(digest);
    return join(this.#blobs, digestAlgorithm(digest), hex.slice(0, 2), hex);
  }

  async open(digest: Digest): Promise<OpenBlob | undefined> {
    const file = await this.#openIfThere(this.pathOf(digest), 'r');
    if (file === undefined) return undefined;
    try {
      const size = sizeOf(digest, await file.stat());
      if (size !== undefined) return new DiskBlob(file, size);
    } catch (error) {
      await file.close();
      throw storageFault('cannot read a blob', error);
    }
    await file.close();
    return undefined;
  }

  async size(digest: Digest): Promise<number | undefined> {
    const status = await this.#statIfThere(this.pathOf(digest));
    return status === undefined ? undefined : sizeOf(digest, status);
  }

  async remove(digest: Digest): Promise<boolean> {
    const path = this.pathOf(digest);
    try {
      await this.#files.rm(path);
      await syncFolder(dirname(path), this.#files);
      return true;
    } catch (error) {
      if (isAbsence(error)) return await this.#absent(false);
      throw storageFault('cannot remove a blob', error);
    }
  }

  async *list(): AsyncIterable<BlobEntry> {
    for (const algorithm of await this.#folders(this.#blobs)) {
      for (const prefix of await this.#folders(join(this.#blobs, algorithm))) {
        for await (const { name } of this.#entries(join(this.#blobs, algorithm, prefix))) {
          const digest = `${algorithm}:${name}`;
          if (!isDigest(digest) || !name.startsWith(prefix)) continue;
          const status = await this.#statIfThere(this.pathOf(digest));
          if (status?.isFile() !== true) continue;
          yield { digest, size: status.size, changedAt: status.mtimeMs };
        }
      }
    }
  }

  async quarantine(digest: Digest): Promise<boolean> {
    const path = this.pathOf(digest);
    const name = digestFileName(digest);
    try {
      await moveDurably(path, join(this.#quarantine, name), this.#files);
      this.#quarantined.add(name);
      await syncFolder(dirname(path), this.#files);
      return true;
    } catch (error) {
      if (isAbsence(error)) return await this.#absent(false);
      throw storageFault('cannot put a damaged blob aside', error);
    }
  }

  async createUpload(): Promise<BlobUpload> {
    const id = randomUUID();
    await this.#identity.expect();
    await this.#expectRoom();
    try {
      const file = await this.#files.open(join(this.#uploads, id), 'wx', 0o600);
      await file.close();
      await syncFolder(this.#uploads, this.#files);
    } catch (error) {
      throw this.#failed('cannot begin an upload', error);
    }
    return this.#upload(id, 0);
  }

  async openUpload(id: string): Promise<BlobUpload | undefined> {
    if (!isUploadId(id)) return undefined;
    await using file = await this.#openIfThere(join(this.#uploads, id), 'r+');
    if (file === undefined) return undefined;
    try {
      // The writer may have been killed between its last write and its sync.
      await file.datasync();
      const { size } = await file.stat();
      return this.#upload(id, size);
    } catch (error) {
      throw this.#failed('cannot open an upload', error);
    }
  }

  async *uploads(): AsyncIterable<UploadEntry> {
    for await (const entry of this.#entries(this.#uploads)) {
      if (!entry.isFile() || !isUploadId(entry.name)) continue;
      const status = await this.#statIfThere(join(this.#uploads, entry.name));
      if (status !== undefined) yield { id: entry.name, changedAt: status.mtimeMs };
    }
  }

  /** A file is moved, or it is an upload: nothing is half done here. */
  async tidy(): Promise<void> {}

  async check(): Promise<void> {
    await this.#identity.expect();
    await this.#expectRoom();
    try {
      await this.#files.expectWritable(this.#uploads);
    } catch (error) {
      throw storageFault('cannot write in the folder of uploads', error);
    }
    if (!this.#isInDoubt) return;
    const upload = await this.createUpload();
    try {
      await upload.append(probe());
      this.#isInDoubt = false;
    } finally {
      await upload.discard();
    }
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #upload(id: string, size: number): BlobUpload {
    const path = join(this.#uploads, id);
    return new DiskUpload(id, size, {
      open: (flags) => this.#files.open(path, flags),
      length: async () => (await this.#files.stat(path)).size,
      remove: () => this.#files.rm(path, { force: true }),
      publish: (digest) => this.#publish(path, digest),
      expectRoom: () => this.#expectRoom(),
      failed: (doing, error) => this.#failed(doing, error),
    });
  }

  async #publish(path: string, digest: Digest): Promise<void> {
    const target = this.pathOf(digest);
    // Else its folders would be made on whatever stands at this place now.
    await this.#identity.expect();
    try {
      await this.#moveIn(path, target).catch(async (error: unknown) => {
        if (!isAbsence(error) || !this.#made.delete(dirname(target))) throw error;
        // Somebody has removed its folder meanwhile.
        await this.#moveIn(path, target);
      });
    } catch (error) {
      throw this.#failed('cannot store a blob', error);
    }
    await this.#forgetQuarantined(digestFileName(digest));
  }

  async #moveIn(path: string, target: string): Promise<void> {
    await this.#makeFolderOf(target);
    await moveDurably(path, target, this.#files);
  }

  async #makeFolderOf(path: string): Promise<void> {
    const prefix = dirname(path);
    if (this.#made.has(prefix)) return;
    const algorithm = dirname(prefix);
    await makeFolderIn(dirname(this.#blobs), this.#blobs, undefined, this.#files);
    await makeFolderIn(this.#blobs, algorithm, undefined, this.#files);
    await makeFolderIn(algorithm, prefix, undefined, this.#files);
    this.#made.add(prefix);
  }

  /** The right bytes are here now. */
  async #forgetQuarantined(name: string): Promise<void> {
    if (!this.#quarantined.has(name)) return;
    await this.#files.rm(join(this.#quarantine, name), { force: true }).catch(() => {});
    this.#quarantined.delete(name);
  }

  async #expectRoom(): Promise<void> {
    try {
      await expectRoom(this.#uploads, this.#files, this.#keepFree);
    } catch (error) {
      throw this.#failed('cannot look for room', error);
    }
  }

  #failed(doing: string, error: unknown): StorageError {
    this.#isInDoubt = true;
    return error instanceof StorageError ? error : storageFault(doing, error);
  }

  /** Something is not there; `answer`, unless that is because its volume is not. */
  async #absent<T>(answer: T): Promise<T> {
    await this.#identity.expect();
    return answer;
  }

  async #openIfThere(path: string, flags: string): Promise<OpenFile | undefined> {
    try {
      return await this.#files.open(path, flags);
    } catch (error) {
      if (isAbsence(error)) return await this.#absent(undefined);
      throw storageFault('cannot open a file', error);
    }
  }

  async #statIfThere(path: string): Promise<FileStatus | undefined> {
    try {
      return await this.#files.stat(path);
    } catch (error) {
      if (isAbsence(error)) return await this.#absent(undefined);
      throw storageFault('cannot look for a file', error);
    }
  }

  async #folders(path: string): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const entry of this.#entries(path)) if (entry.isDirectory()) names.push(entry.name);
    return names;
  }

  async *#entries(path: string): AsyncIterable<FolderEntry> {
    try {
      yield* this.#files.list(path);
    } catch (error) {
      if (!isAbsence(error)) throw storageFault('cannot list files', error);
      await this.#identity.expect();
    }
  }
}

class DiskBlob implements OpenBlob {
  readonly size: number;
  readonly #file: OpenFile;

  constructor(file: OpenFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  read(start: number, end: number): AsyncIterable<Uint8Array> {
    return readSlices(this.#file, start, end);
  }

  async readInto(into: Uint8Array, start: number): Promise<void> {
    await readExactly(this.#file, into, start);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Enough bytes for a full disk to refuse them. */
async function* probe(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(64 * 1024);
}

/** An empty file is what a power loss leaves of a blob whose bytes were not synced (distribution#4489). */
function sizeOf(digest: Digest, status: FileStatus): number | undefined {
  if (!status.isFile() || (status.size === 0 && !isEmptyDigest(digest))) return undefined;
  return status.size;
}

function isAbsence(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}
