import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import {
  digestAlgorithm,
  digestFromHex,
  type Digest,
  type DigestAlgorithm,
} from '../../oci/digest.ts';

/** Passes bytes on and takes their digest and number on the way. */
export class DigestStream extends Transform {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #size = 0;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    super();
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  /** For comparison with `digest`: of the same algorithm. */
  static for(digest: Digest): DigestStream {
    return new DigestStream(digestAlgorithm(digest));
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** The digest of all bytes; call it once, at the end. */
  digest(): Digest {
    return digestFromHex(this.#algorithm, this.#hash.digest('hex'));
  }

  override _transform(chunk: Uint8Array, _encoding: string, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    done(null, chunk);
  }
}
