import type { Digest } from '../../oci/digest.ts';
import type { BlobFiles } from '../cache/blob-files.ts';
import type { BlobDownload } from './blob-download.ts';
import type { BlobProgress, BlobReader } from './blob-reader.ts';
import { FetchError } from './fetch-error.ts';
import { FileReader } from './file-reader.ts';

/** One reader of a blob: follows the download, then the file in the cache. */
export class DownloadReader implements BlobReader {
  readonly digest: Digest;
  readonly size: number;
  readonly done: Promise<void>;
  readonly #download: BlobDownload;
  readonly #blobs: BlobFiles;
  /** Of the bytes given out so far. */
  #generation: number | undefined;
  #file: Promise<FileReader> | undefined;

  constructor(download: BlobDownload, size: number, blobs: BlobFiles) {
    this.digest = download.digest;
    this.size = size;
    this.done = download.done;
    this.#download = download;
    this.#blobs = blobs;
  }

  async read(
    offset: number,
    most: number,
    signal?: AbortSignal,
    into?: Uint8Array,
  ): Promise<Uint8Array> {
    if (!(offset >= 0 && offset < this.size && most >= 1)) {
      throw new RangeError(`${most} bytes at ${offset} of ${this.size}`);
    }
    for (;;) {
      const generation = this.#download.generation;
      const found =
        this.#file === undefined
          ? await this.#download.read(offset, most, signal, into)
          : undefined;
      if (this.#generation !== undefined && this.#generation !== this.#download.generation) {
        throw new FetchError('FETCH_BYTES_WRONG', `other bytes came as ${this.digest} before`);
      }
      // The download began anew while this read was waiting, which may have got the old bytes.
      if (generation !== this.#download.generation) continue;
      this.#generation = generation;
      if (found instanceof Uint8Array) return found;
      if (found !== undefined) this.#file ??= this.#open(found);
      const file = await this.#file;
      if (file !== undefined) return await file.read(offset, most, into);
    }
  }

  progress(): BlobProgress {
    return this.#download.progress();
  }

  async close(): Promise<void> {
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
  }

  #open(path: string): Promise<FileReader> {
    return FileReader.open(path, this.digest, this.size, () => this.#blobs.drop(this.digest));
  }
}
