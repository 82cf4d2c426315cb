import { join } from 'node:path';
import type { Digest } from '../../oci/digest.ts';
import type { BlobUpload } from '../blob-store.ts';
import type { Files, OpenFile } from '../files.ts';
import { readSlices } from '../read-slices.ts';
import { StorageError } from '../storage-error.ts';
import { cutToDurable } from '../upload-file.ts';
import { WriteBehind } from '../write-behind.ts';
import type { ObjectPart, S3Bucket } from './s3-bucket.ts';
import {
  bytesOf,
  chunkFile,
  chunkObject,
  emptyChunk,
  mostChunks,
  type UploadChunk,
} from './upload-chunk.ts';

/** What an upload needs of its store. */
export interface S3UploadPlace {
  readonly bucket: S3Bucket;
  readonly files: Files;
  /** The local folder of what is not sent yet. */
  readonly folder: string;
  readonly chunkBytes: number;
  /** Runs `task` when few enough chunks are being sent. */
  inTurn(task: () => Promise<void>): Promise<void>;
  /** Throws StorageError STORAGE_FULL. */
  expectRoom(): Promise<void>;
  /** Makes a new, empty file durable. */
  makeFile(name: string): Promise<void>;
  /** Has `write` write the object of a blob, which is there at once and whole. */
  publish(digest: Digest, write: (name: string) => Promise<void>): Promise<void>;
  /** Told of what failed: the error to throw. */
  failed(doing: string, error: unknown): StorageError;
}

/** Chunks of one upload that are being sent, besides the one that grows. */
const mostSending = 4;

/**
 * An upload as chunks: the last one grows in a local file; one that is full is synced, sent as an object of its own, and removed
 * here. A chunk's object can be read again, as the part of a multipart upload cannot: to hash it after a restart, and to copy it into
 * the blob inside the store.
 */
export class S3Upload implements BlobUpload {
  readonly id: string;
  readonly #place: S3UploadPlace;
  /** The last one is a file always. */
  readonly #chunks: UploadChunk[];
  readonly #sending = new Set<Promise<void>>();
  #failure: StorageError | undefined;

  constructor(id: string, chunks: UploadChunk[], place: S3UploadPlace) {
    this.id = id;
    this.#chunks = chunks;
    this.#place = place;
  }

  get size(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0);
  }

  async append(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#failure = undefined;
    for (const chunk of this.#chunks.slice(0, -1)) if (!chunk.isSent) this.#send(chunk);
    let open = await this.#openLast();
    try {
      for await (const bytes of chunks) {
        for (let at = 0; at < bytes.length;) {
          if (open.taken >= this.#place.chunkBytes) open = await this.#turnOver(open);
          const part = bytes.subarray(at, at + this.#place.chunkBytes - open.taken);
          await this.#attempt('cannot write the upload', () => open.writer.write(part));
          open.taken += part.length;
          at += part.length;
        }
      }
    } finally {
      try {
        await this.#keep(open);
      } finally {
        await Promise.all(this.#sending);
      }
      this.#throwFailure();
    }
  }

  async *read(): AsyncIterable<Uint8Array> {
    const { bucket } = this.#place;
    for (const chunk of this.#chunks) {
      if (chunk.isSent) {
        yield* bucket.read(chunkObject(this.id, chunk.index), 0, chunk.length);
      } else {
        await using file = await this.#open(chunk.index, 'r');
        yield* readSlices(file, 0, chunk.length);
      }
    }
  }

  async commit(digest: Digest): Promise<void> {
    const { bucket } = this.#place;
    this.#failure = undefined;
    const whole = this.#chunks.filter(({ length }) => length > 0);
    const [only = this.#last] = whole;
    const size = this.size;
    await this.#place.publish(digest, async (name) => {
      if (whole.length <= 1 && !only.isSent) {
        await bucket.put(name, await this.#bytes(only));
        return;
      }
      for (const chunk of whole.slice(0, -1)) if (!chunk.isSent) this.#send(chunk);
      await Promise.all(this.#sending);
      this.#throwFailure();
      const parts: ObjectPart[] = [];
      for (const chunk of whole) {
        if (!chunk.isSent) parts.push({ bytes: await this.#bytes(chunk) });
        else parts.push({ from: chunkObject(this.id, chunk.index), start: 0, end: chunk.length });
      }
      await bucket.compose(name, parts, size);
    });
    await this.#removeFiles();
    try {
      await this.#removeObjects();
      this.#chunks.length = 0;
    } catch {
      // What stays behind is found by its name, and removed as an abandoned upload.
    }
  }

  async discard(): Promise<void> {
    await Promise.all(this.#sending);
    await this.#removeObjects();
    await this.#removeFiles();
    this.#chunks.length = 0;
  }

  get #last(): UploadChunk {
    const last = this.#chunks.at(-1);
    if (last === undefined) throw new StorageError('STORAGE_CORRUPT', 'the upload is over');
    return last;
  }

  /** The growing chunk, for writing after its durable bytes. */
  async #openLast(): Promise<GrowingChunk> {
    const chunk = this.#last;
    const file = await this.#open(chunk.index, 'r+');
    try {
      await cutToDurable(file, chunk.length);
      return { chunk, file, writer: new WriteBehind(file, chunk.length), taken: chunk.length };
    } catch (error) {
      await file.close();
      throw this.#place.failed('cannot go on with the upload', error);
    }
  }

  /** Begins the next chunk, and sends the one that is full. */
  async #turnOver(full: GrowingChunk): Promise<GrowingChunk> {
    const index = full.chunk.index + 1;
    if (index >= mostChunks) {
      const most = mostChunks * this.#place.chunkBytes;
      const message = `a blob may have at most ${most} bytes here: a larger "partSize" allows more`;
      throw new StorageError('STORAGE_FULL', message);
    }
    this.#throwFailure();
    await this.#place.expectRoom();
    await this.#keep(full);
    // The upload is known by its growing file: it must be there before another one goes.
    await this.#place.makeFile(chunkFile(this.id, index));
    this.#chunks.push(emptyChunk(index));
    while (this.#sending.size >= mostSending) await Promise.race(this.#sending);
    this.#send(full.chunk);
    return await this.#openLast();
  }

  /** Makes durable what a growing chunk has taken. */
  async #keep({ chunk, file, writer, taken }: GrowingChunk): Promise<void> {
    try {
      if (taken === chunk.length) return;
      await this.#attempt('cannot keep the upload', () => writer.finish());
      chunk.length = taken;
    } finally {
      await file.close();
    }
  }

  /** Sends a full chunk, and removes its file. A failure is kept for whoever asks. */
  #send(chunk: UploadChunk): void {
    const { bucket, files } = this.#place;
    chunk.mayBeThere = true;
    const sending: Promise<void> = this.#place
      .inTurn(async () => {
        await bucket.put(chunkObject(this.id, chunk.index), await this.#bytes(chunk));
        chunk.isSent = true;
        await files.rm(this.#pathOf(chunk.index), { force: true });
      })
      .catch((error: unknown) => {
        this.#failure ??= this.#place.failed('cannot send the upload', error);
      })
      .finally(() => {
        this.#sending.delete(sending);
      });
    this.#sending.add(sending);
  }

  async #bytes({ index, length }: UploadChunk): Promise<Uint8Array> {
    return await this.#attempt('cannot read the upload', () =>
      bytesOf(this.#pathOf(index), length, this.#place.files),
    );
  }

  async #removeObjects(): Promise<void> {
    const { bucket } = this.#place;
    const sent = this.#chunks.filter(({ mayBeThere }) => mayBeThere);
    await bucket.removeAll(sent.map(({ index }) => chunkObject(this.id, index)));
  }

  async #removeFiles(): Promise<void> {
    for (const { index } of this.#chunks) {
      await this.#attempt('cannot remove an upload', () =>
        this.#place.files.rm(this.#pathOf(index), { force: true }),
      );
    }
  }

  async #open(index: number, flags: string): Promise<OpenFile> {
    return await this.#attempt('cannot open the upload', () =>
      this.#place.files.open(this.#pathOf(index), flags),
    );
  }

  #pathOf(index: number): string {
    return join(this.#place.folder, chunkFile(this.id, index));
  }

  async #attempt<T>(doing: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw this.#place.failed(doing, error);
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

interface GrowingChunk {
  readonly chunk: UploadChunk;
  readonly file: OpenFile;
  readonly writer: WriteBehind;
  /** Bytes that it was given, kept or not. */
  taken: number;
}
