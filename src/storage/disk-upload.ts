import type { Digest } from '../oci/digest.ts';
import type { BlobUpload } from './blob-store.ts';
import type { OpenFile } from './files.ts';
import { readSlices } from './read-slices.ts';
import { StorageError, storageFault } from './storage-error.ts';
import { cutToDurable } from './upload-file.ts';
import { WriteBehind } from './write-behind.ts';

/** After so many bytes an upload looks again whether there is room. */
const lookEvery = 16 * 1024 * 1024;

/** What an upload needs of its store. */
export interface UploadPlace {
  open(flags: string): Promise<OpenFile>;
  /** Bytes of its file. */
  length(): Promise<number>;
  remove(): Promise<void>;
  /** Moves the file, whose bytes are durable, to its place among the blobs. */
  publish(digest: Digest): Promise<void>;
  /** Throws StorageError STORAGE_FULL. */
  expectRoom(): Promise<void>;
  /** Told of what failed: the error to throw. */
  failed(doing: string, error: unknown): StorageError;
}

/** An upload in a private file. Its offset is what was synced, never what was merely sent. */
export class DiskUpload implements BlobUpload {
  readonly id: string;
  readonly #place: UploadPlace;
  #size: number;
  /** All of the file was synced by this process, and it was not touched since. */
  #isSynced = false;
  #isPublished = false;

  constructor(id: string, size: number, place: UploadPlace) {
    this.id = id;
    this.#size = size;
    this.#place = place;
  }

  get size(): number {
    return this.#size;
  }

  async append(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#isSynced = false;
    await using file = await this.#openAtEnd();
    const writer = new WriteBehind(file, this.#size);
    let taken = this.#size;
    // An upload that is new has just been allowed.
    let lookAt = taken === 0 ? lookEvery : taken;
    try {
      for await (const chunk of chunks) {
        if (taken >= lookAt) {
          await this.#place.expectRoom();
          lookAt = taken + lookEvery;
        }
        await this.#attempt('cannot write the upload', () => writer.write(chunk));
        taken += chunk.length;
      }
    } finally {
      if (taken > this.#size) {
        await this.#attempt('cannot keep the upload', () => writer.finish());
        this.#size = taken;
        this.#isSynced = true;
      }
    }
  }

  async *read(): AsyncIterable<Uint8Array> {
    await using file = await this.#open('r');
    yield* readSlices(file, 0, this.#size);
  }

  async commit(digest: Digest): Promise<void> {
    if (!this.#isSynced || (await this.#length()) !== this.#size) {
      // Without the bytes that a failed write left beyond the durable ones.
      await using file = await this.#openAtEnd();
      await this.#attempt('cannot sync the upload', () => file.datasync());
    }
    await this.#place.publish(digest);
    this.#isPublished = true;
  }

  async discard(): Promise<void> {
    if (this.#isPublished) return;
    try {
      await this.#place.remove();
    } catch (error) {
      throw storageFault('cannot remove an upload', error);
    }
  }

  /** The file, for writing after its durable bytes. */
  async #openAtEnd(): Promise<OpenFile> {
    const file = await this.#open('r+');
    try {
      await cutToDurable(file, this.#size);
      return file;
    } catch (error) {
      await file.close();
      if (error instanceof StorageError) throw error;
      throw this.#place.failed('cannot go on with the upload', error);
    }
  }

  async #open(flags: string): Promise<OpenFile> {
    return await this.#attempt('cannot open the upload', () => this.#place.open(flags));
  }

  async #length(): Promise<number> {
    return await this.#attempt('cannot look at the upload', () => this.#place.length());
  }

  async #attempt<T>(doing: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw this.#place.failed(doing, error);
    }
  }
}
