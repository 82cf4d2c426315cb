import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { digestAlgorithm, digestFromHex, type Digest } from '../../oci/digest.ts';
import { FetchError } from './fetch-error.ts';

/**
 * Reads a blob in the cache. Who reads it from its first to its last byte gets it hashed on the way: should the disk give
 * other bytes than it was given, the last ones are not handed out.
 */
export class FileReader {
  readonly #handle: FileHandle;
  readonly #digest: Digest;
  readonly #size: number;
  readonly #onDamage: () => Promise<void>;
  readonly #hash: Hash;
  #hashed = 0;

  private constructor(
    handle: FileHandle,
    digest: Digest,
    size: number,
    onDamage: () => Promise<void>,
  ) {
    this.#handle = handle;
    this.#digest = digest;
    this.#size = size;
    this.#onDamage = onDamage;
    this.#hash = createHash(digestAlgorithm(digest));
  }

  /** `onDamage` is called before a read rejects because the bytes are wrong. */
  static async open(
    path: string,
    digest: Digest,
    size: number,
    onDamage: () => Promise<void>,
  ): Promise<FileReader> {
    return new FileReader(await open(path, 'r'), digest, size, onDamage);
  }

  /** Bytes from `offset`, at most `most`, in `into` when that is given. Throws FetchError FETCH_BYTES_WRONG. */
  async read(offset: number, most: number, into?: Uint8Array): Promise<Uint8Array> {
    const wanted = Math.min(most, this.#size - offset);
    const target = into ?? Buffer.allocUnsafe(wanted);
    const { bytesRead } = await this.#handle.read(target, 0, wanted, offset);
    const bytes = target.subarray(0, bytesRead);
    if (bytesRead === 0) return await this.#damaged();
    if (offset === this.#hashed) {
      this.#hash.update(bytes);
      this.#hashed += bytesRead;
      if (this.#hashed === this.#size) {
        const found = digestFromHex(digestAlgorithm(this.#digest), this.#hash.digest('hex'));
        if (found !== this.#digest) return await this.#damaged();
      }
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #damaged(): Promise<never> {
    await this.#onDamage();
    throw new FetchError('FETCH_BYTES_WRONG', `the kept bytes of ${this.#digest} are damaged`);
  }
}
