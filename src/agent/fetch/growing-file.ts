import { createHash, type Hash } from 'node:crypto';
import { constants, open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { writeAll } from '../../base/write-all.ts';
import { digestFromHex, type Digest, type DigestAlgorithm } from '../../oci/digest.ts';

/** After so many more bytes the file's hash is noted: as much is lost when the process dies. */
const noteEvery = 4 * 1024 * 1024;
const chunkBytes = 1024 * 1024;

/**
 * A file that grows from its beginning and is hashed on the way. What an earlier process left in it counts only as far as
 * that process noted the hash, in a second file beside it, and as the bytes still have it: a crash may leave anything.
 */
export class GrowingFile {
  readonly #path: string;
  readonly #algorithm: DigestAlgorithm;
  readonly #handle: FileHandle;
  #hash: Hash;
  #length = 0;
  #noted = 0;

  private constructor(path: string, algorithm: DigestAlgorithm, handle: FileHandle) {
    this.#path = path;
    this.#algorithm = algorithm;
    this.#handle = handle;
    this.#hash = createHash(algorithm);
  }

  /** Opens the file, which is made when it is not there. Rejects with the signal's reason when that aborts first. */
  static async open(
    path: string,
    algorithm: DigestAlgorithm,
    signal: AbortSignal,
  ): Promise<GrowingFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT);
    const file = new GrowingFile(path, algorithm, handle);
    try {
      await file.#resume(signal);
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Removes such a file, with its note. */
  static async remove(path: string): Promise<void> {
    await rm(path, { force: true });
    await rm(notePath(path), { force: true });
  }

  /** Bytes. */
  get length(): number {
    return this.#length;
  }

  /** Of all bytes so far. */
  get digest(): Digest {
    return digestFromHex(this.#algorithm, this.#hash.copy().digest('hex'));
  }

  async append(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#handle, bytes, this.#length);
    this.#hash.update(bytes);
    this.#length += bytes.length;
    if (this.#length - this.#noted >= noteEvery) await this.#note();
  }

  /** At most `most` bytes from `offset`, in `into` when that is given; none behind the end. */
  async read(offset: number, most: number, into?: Uint8Array): Promise<Uint8Array> {
    const bytes = into ?? Buffer.allocUnsafe(most);
    const { bytesRead } = await this.#handle.read(bytes, 0, most, offset);
    return bytes.subarray(0, bytesRead);
  }

  /** Empties the file. */
  async restart(): Promise<void> {
    this.#hash = createHash(this.#algorithm);
    this.#length = 0;
    this.#noted = 0;
    await this.#handle.truncate(0);
  }

  /** Leaves the file for whoever goes on with it; an empty one is removed. */
  async close(): Promise<void> {
    if (this.#length > this.#noted) await this.#note();
    await this.#handle.close();
    if (this.#length === 0) await GrowingFile.remove(this.#path);
  }

  /** Closes the file, which was moved to its place. */
  async finish(): Promise<void> {
    await this.#handle.close();
    await rm(notePath(this.#path), { force: true });
  }

  async #resume(signal: AbortSignal): Promise<void> {
    const note = await readFile(notePath(this.#path), 'latin1').catch(() => '');
    const [, length = '0', digest] = /^(\d{1,15}) (\S+)\n$/.exec(note) ?? [];
    await this.#hashUpTo(Number(length), signal);
    if (this.#length !== Number(length) || this.digest !== digest) await this.restart();
    else await this.#handle.truncate(this.#length);
    this.#noted = this.#length;
  }

  async #hashUpTo(end: number, signal: AbortSignal): Promise<void> {
    while (this.#length < end) {
      signal.throwIfAborted();
      const bytes = await this.read(this.#length, Math.min(chunkBytes, end - this.#length));
      if (bytes.length === 0) return;
      this.#hash.update(bytes);
      this.#length += bytes.length;
    }
  }

  /** The note is only a help: without one, or with half of one, the next process begins anew. */
  async #note(): Promise<void> {
    this.#noted = this.#length;
    const text = `${this.#length} ${this.digest}\n`;
    await writeFile(notePath(this.#path), text).catch(() => {});
  }
}

function notePath(path: string): string {
  return `${path}.hash`;
}
