import { writeAll } from '../base/write-all.ts';
import type { OpenFile } from './files.ts';

/** The first buffer is small, as most blobs are; the others cost one write for many chunks. */
const firstLength = 64 * 1024;
const laterLength = 512 * 1024;

/** Writes that may be under way: the disk may be slow for a moment without holding up the sender. */
const mostWrites = 8;

/** So many bytes may wait for the disk until it is told to write them: what is left for the end is then soon done. */
const syncEvery = 32 * 1024 * 1024;

/**
 * Writes a stream to a file in large parts while more comes in, and makes it durable on the way. One call at a time. Throws
 * what the system says: then some of the bytes beyond the last sync may be missing.
 */
export class WriteBehind {
  readonly #file: OpenFile;
  readonly #spare: Buffer[] = [];
  readonly #writes: Promise<void>[] = [];
  #isFirst = true;
  #buffer: Buffer | undefined;
  #filled = 0;
  /** Where the next buffer belongs. */
  #position: number;
  /** Bytes that were written since the last sync began. */
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: OpenFile, position: number) {
    this.#file = file;
    this.#position = position;
  }

  /** Takes the bytes in: their memory is free when this resolves. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const buffer = (this.#buffer ??= this.#nextBuffer());
      const part = chunk.subarray(at, at + buffer.length - this.#filled);
      buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < buffer.length) continue;
      this.#begin();
      if (this.#writes.length > mostWrites) await this.#writes.shift();
      this.#throwFailure();
    }
  }

  /** Everything that was taken in is written and durable when this resolves. */
  async finish(): Promise<void> {
    this.#begin();
    await Promise.all(this.#writes);
    await this.#syncing;
    this.#throwFailure();
    if (this.#unsynced > 0) await this.#file.datasync();
  }

  #nextBuffer(): Buffer {
    const length = this.#isFirst ? firstLength : laterLength;
    this.#isFirst = false;
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(length);
  }

  /** Begins to write what the buffer holds. */
  #begin(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const bytes = buffer.subarray(0, this.#filled);
    this.#writes.push(this.#note(this.#writeOut(bytes, this.#position, buffer)));
    this.#position += bytes.length;
    this.#buffer = undefined;
    this.#filled = 0;
  }

  async #writeOut(bytes: Uint8Array, position: number, buffer: Buffer): Promise<void> {
    await writeAll(this.#file, bytes, position);
    if (buffer.length === laterLength) this.#spare.push(buffer);
    this.#unsynced += bytes.length;
    if (this.#unsynced < syncEvery || this.#syncing !== undefined) return;
    this.#unsynced = 0;
    this.#syncing = this.#note(this.#file.datasync()).then(() => {
      this.#syncing = undefined;
    });
  }

  /** The system tells of a failure once only: it is kept until somebody asks. */
  async #note(task: Promise<void>): Promise<void> {
    try {
      await task;
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
