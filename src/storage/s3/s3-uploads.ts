import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { codeOf } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobUpload, UploadEntry } from '../blob-store.ts';
import { syncFolder } from '../durable-file.ts';
import { expectRoom } from '../expect-room.ts';
import type { Files, FileStatus } from '../files.ts';
import { StorageError, storageFault } from '../storage-error.ts';
import { isUploadId } from '../upload-file.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { S3Upload } from './s3-upload.ts';
import { Turns } from './turns.ts';
import {
  chunkFile,
  chunkObject,
  emptyChunk,
  parseChunkName,
  type UploadChunk,
} from './upload-chunk.ts';

/** Chunks in memory on their way to the store, of all uploads. */
const sendingAtOnce = 6;

export interface S3UploadsParts {
  readonly bucket: S3Bucket;
  readonly files: Files;
  /** The local folder of what is not sent yet. */
  readonly folder: string;
  readonly chunkBytes: number;
  readonly keepFree?: number | undefined;
  readonly publish: (digest: Digest, write: (name: string) => Promise<void>) => Promise<void>;
  /** Told of each write that failed. */
  readonly failed: () => void;
}

/** The uploads under way: each is known by the local file that it grows in, and by the objects of its full chunks. */
export class S3Uploads {
  readonly #parts: S3UploadsParts;
  readonly #turns = new Turns(sendingAtOnce);

  constructor(parts: S3UploadsParts) {
    this.#parts = parts;
  }

  async create(): Promise<BlobUpload> {
    await this.expectRoom();
    const id = randomUUID();
    await this.#makeFile(chunkFile(id, 0));
    return this.#upload(id, [emptyChunk(0)]);
  }

  /** Undefined when there is none. */
  async open(id: string): Promise<BlobUpload | undefined> {
    if (!isUploadId(id)) return undefined;
    const files = await this.#filesOf(id);
    const growing = Math.max(-1, ...files.keys());
    // One that has not filled a chunk has sent none.
    const objects = growing === 0 ? new Map<number, number>() : await this.#objectsOf(id);
    if (files.size + objects.size === 0) return undefined;
    const chunks: UploadChunk[] = [];
    for (let index = 0; index <= growing || objects.has(index); index++) {
      const length = files.get(index) ?? objects.get(index);
      if (length === undefined) break;
      chunks.push({ index, length, isSent: !files.has(index), mayBeThere: objects.has(index) });
    }
    await this.#removeBeyond(id, chunks.length, files, objects);
    const last = chunks.at(-1);
    if (last === undefined || last.isSent) {
      await this.#makeFile(chunkFile(id, chunks.length));
      chunks.push(emptyChunk(chunks.length));
    } else {
      await this.#sync(chunkFile(id, last.index));
    }
    return this.#upload(id, chunks);
  }

  async *list(): AsyncGenerator<UploadEntry, void, undefined> {
    const { bucket } = this.#parts;
    const local = new Map<string, number>();
    try {
      for await (const { id, status } of this.#chunksHere()) {
        local.set(id, Math.max(status.mtimeMs, local.get(id) ?? 0));
      }
    } catch (error) {
      throw storageFault('cannot list uploads', error);
    }
    for (const [id, changedAt] of local) yield { id, changedAt };
    const remote = new Map<string, number>();
    for await (const { name, changedAt } of bucket.list('uploads/')) {
      const chunk = parseChunkName(name);
      if (chunk === undefined || local.has(chunk.id)) continue;
      remote.set(chunk.id, Math.max(changedAt, remote.get(chunk.id) ?? 0));
    }
    for (const [id, changedAt] of remote) yield { id, changedAt };
  }

  /** Throws StorageError STORAGE_FULL. */
  async expectRoom(): Promise<void> {
    const { folder, files, keepFree } = this.#parts;
    try {
      await expectRoom(folder, files, keepFree);
    } catch (error) {
      throw this.#failed('cannot look for room', error);
    }
  }

  #upload(id: string, chunks: UploadChunk[]): BlobUpload {
    return new S3Upload(id, chunks, {
      ...this.#parts,
      inTurn: (task) => this.#turns.run(task),
      expectRoom: () => this.expectRoom(),
      makeFile: (name) => this.#makeFile(name),
      failed: (doing, error) => this.#failed(doing, error),
    });
  }

  async #makeFile(name: string): Promise<void> {
    const { files, folder } = this.#parts;
    try {
      const file = await files.open(join(folder, name), 'w', 0o600);
      await file.close();
      await syncFolder(folder, files);
    } catch (error) {
      throw this.#failed('cannot begin an upload', error);
    }
  }

  /** The writer may have been killed between its last write and its sync. */
  async #sync(name: string): Promise<void> {
    const { files, folder } = this.#parts;
    try {
      await using file = await files.open(join(folder, name), 'r+');
      await file.datasync();
    } catch (error) {
      throw this.#failed('cannot open an upload', error);
    }
  }

  /** The lengths of the chunks that are here, by their numbers. */
  async #filesOf(id: string): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    try {
      for await (const { index, status } of this.#chunksHere(id)) found.set(index, status.size);
    } catch (error) {
      throw storageFault('cannot look for an upload', error);
    }
    return found;
  }

  /** The files of chunks, of one upload or of all, without those that were sent meanwhile. Throws what the system says. */
  async *#chunksHere(ofUpload?: string): AsyncGenerator<ChunkHere> {
    const { files, folder } = this.#parts;
    for await (const { name } of files.list(folder)) {
      const chunk = parseChunkName(name);
      if (chunk === undefined || (ofUpload !== undefined && chunk.id !== ofUpload)) continue;
      try {
        yield { ...chunk, status: await files.stat(join(folder, name)) };
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
  }

  async #objectsOf(id: string): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    for await (const { name, size } of this.#parts.bucket.list(`uploads/${id}/`)) {
      const chunk = parseChunkName(name);
      if (chunk !== undefined) found.set(chunk.index, size);
    }
    return found;
  }

  /** Of an upload that was being discarded, or lost its folder, chunks may be left that follow nothing. */
  async #removeBeyond(
    id: string,
    count: number,
    local: ReadonlyMap<number, number>,
    objects: ReadonlyMap<number, number>,
  ): Promise<void> {
    const { bucket, files, folder } = this.#parts;
    for (const index of local.keys()) {
      if (index >= count) await files.rm(join(folder, chunkFile(id, index)), { force: true });
    }
    const stale = [...objects.keys()].filter((index) => index >= count);
    await bucket.removeAll(stale.map((index) => chunkObject(id, index)));
  }

  #failed(doing: string, error: unknown): StorageError {
    this.#parts.failed();
    return error instanceof StorageError ? error : storageFault(doing, error);
  }
}

interface ChunkHere {
  readonly id: string;
  readonly index: number;
  readonly status: FileStatus;
}
