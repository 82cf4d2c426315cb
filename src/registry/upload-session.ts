import type { Digest, DigestAlgorithm } from '../oci/digest.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Repository } from '../oci/reference.ts';
import type { BlobUpload } from '../storage/blob-store.ts';
import { RunningHash } from './running-hash.ts';

/** The bytes that a client sends. */
export interface UploadBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes in all, when the client said so. */
  readonly length: number | undefined;
  /** Ends `chunks` with `reason`: nobody waits for them any more. */
  stop(reason: Error): void;
}

/** Where a client says that its bytes belong: both are positions, `last` included. */
export interface UploadRange {
  readonly first: number;
  readonly last: number;
}

/** One upload under way. Requests for it run one after another; a newer one ends what an older one still receives. */
export class UploadSession {
  readonly repository: Repository;
  readonly upload: BlobUpload;
  /** Where it was begun; empty after a restart. */
  readonly client: string;
  /** Who began it, and alone may go on with it. */
  readonly owner: string;
  readonly #largest: number;
  /** Undefined once it missed bytes; then the file is read again at the end. */
  #hash: RunningHash | undefined;
  #receiving: UploadBody | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly repository: Repository;
    readonly upload: BlobUpload;
    readonly client: string;
    readonly owner: string;
    readonly algorithm: DigestAlgorithm;
    /** The most bytes that a blob may have. */
    readonly largest: number;
  }) {
    this.repository = parts.repository;
    this.upload = parts.upload;
    this.client = parts.client;
    this.owner = parts.owner;
    this.#largest = parts.largest;
    this.#hash = parts.upload.size === 0 ? new RunningHash(parts.algorithm) : undefined;
  }

  /** True while a client sends bytes. */
  get isReceiving(): boolean {
    return this.#receiving !== undefined;
  }

  /** Runs `task` when the requests before it are done, and ends the one that is still receiving. */
  async exclusively<T>(task: () => Promise<T>): Promise<T> {
    this.#receiving?.stop(
      new OciError('BLOB_UPLOAD_INVALID', 'a newer request took this upload over'),
    );
    const result = this.#turn.then(task);
    this.#turn = result.then(
      () => {},
      () => {},
    );
    return await result;
  }

  /** Appends a body, durably. Throws OciError RANGE_INVALID, SIZE_INVALID or what the body's chunks throw. */
  async append(body: UploadBody, range: UploadRange | undefined): Promise<void> {
    this.#checkRange(body, range);
    this.#receiving = body;
    try {
      await this.upload.append(this.#observed(body.chunks));
    } finally {
      this.#receiving = undefined;
    }
  }

  /** Throws OciError DIGEST_INVALID unless the bytes have the digest. */
  async verify(digest: Digest, algorithm: DigestAlgorithm): Promise<void> {
    const hash =
      this.#hash?.length === this.upload.size && this.#hash.algorithm === algorithm
        ? this.#hash
        : await this.#hashAgain(algorithm);
    const actual = hash.digest();
    if (actual === digest) return;
    throw new OciError('DIGEST_INVALID', `the upload has the digest ${actual}, not ${digest}`, {
      detail: { actual, expected: digest, size: this.upload.size },
    });
  }

  #checkRange(body: UploadBody, range: UploadRange | undefined): void {
    if (range === undefined) return;
    const { size } = this.upload;
    if (range.first !== size) {
      const message = `the upload has ${size} bytes: the next ones begin at ${size}, not ${range.first}`;
      throw new OciError('RANGE_INVALID', message, { detail: { size } });
    }
    const length = range.last - range.first + 1;
    if (body.length !== undefined && body.length !== length) {
      const message = `the range names ${length} bytes, the body has ${body.length}`;
      throw new OciError('RANGE_INVALID', message, { detail: { size } });
    }
  }

  async *#observed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let length = this.upload.size;
    if (this.#hash?.length !== length) this.#hash = undefined;
    for await (const chunk of chunks) {
      length += chunk.length;
      if (length > this.#largest) {
        throw new OciError('SIZE_INVALID', `a blob may have at most ${this.#largest} bytes`);
      }
      this.#hash?.update(chunk);
      yield chunk;
    }
  }

  async #hashAgain(algorithm: DigestAlgorithm): Promise<RunningHash> {
    const hash = new RunningHash(algorithm);
    for await (const slice of this.upload.read()) hash.update(slice);
    return hash;
  }
}
