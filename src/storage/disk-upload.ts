import { open, rm, type FileHandle } from 'node:fs/promises';
import { writeAll } from '../base/write-all.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobUpload } from './blob-store.ts';
import { readSlices } from './read-slices.ts';
import { storageFault } from './storage-error.ts';

/** An upload in a private file. Its offset is what was synced, never what was merely sent. */
export class DiskUpload implements BlobUpload {
  readonly id: string;
  readonly #path: string;
  readonly #publish: (path: string, digest: Digest) => Promise<void>;
  #size: number;

  constructor(
    id: string,
    path: string,
    size: number,
    publish: (path: string, digest: Digest) => Promise<void>,
  ) {
    this.id = id;
    this.#path = path;
    this.#size = size;
    this.#publish = publish;
  }

  get size(): number {
    return this.#size;
  }

  async append(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await using file = await this.#openAtEnd();
    let written = this.#size;
    try {
      for await (const chunk of chunks) {
        await this.#write(file, chunk, written);
        written += chunk.length;
      }
    } finally {
      await this.#keep(file, written);
    }
  }

  async *read(): AsyncIterable<Uint8Array> {
    await using file = await this.#open('r');
    yield* readSlices(file, 0, this.#size);
  }

  async commit(digest: Digest): Promise<void> {
    await this.#publish(this.#path, digest);
  }

  async discard(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** A failed write may have left bytes beyond the durable ones: they go first (distribution#1698). */
  async #openAtEnd(): Promise<FileHandle> {
    const file = await this.#open('r+');
    try {
      await file.truncate(this.#size);
      return file;
    } catch (error) {
      await file.close();
      throw storageFault('cannot go on with the upload', error);
    }
  }

  async #open(flags: string): Promise<FileHandle> {
    try {
      return await open(this.#path, flags);
    } catch (error) {
      throw storageFault('cannot open the upload', error);
    }
  }

  async #write(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
    try {
      await writeAll(file, chunk, position);
    } catch (error) {
      throw storageFault('cannot write the upload', error);
    }
  }

  async #keep(file: FileHandle, written: number): Promise<void> {
    if (written === this.#size) return;
    try {
      await file.datasync();
    } catch (error) {
      throw storageFault('cannot sync the upload', error);
    }
    this.#size = written;
  }
}
