import { createHash, type Hash } from 'node:crypto';
import { digestFromHex, type Digest, type DigestAlgorithm } from '../oci/digest.ts';

/** A digest in the making, which knows how many bytes it has seen. */
export class RunningHash {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #length = 0;

  constructor(algorithm: DigestAlgorithm) {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get length(): number {
    return this.#length;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  /** The digest of what was seen so far; more may follow. */
  digest(): Digest {
    return digestFromHex(this.algorithm, this.#hash.copy().digest('hex'));
  }
}
