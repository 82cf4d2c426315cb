import type { Digest } from '../../oci/digest.ts';

/** A fetch's figures at one moment. Bytes throughout. */
export interface BlobProgress {
  readonly digest: Digest;
  /** Bytes of the blob; 0 as long as they are not known. */
  readonly length: number;
  /** Bytes that are there: of verified pieces, or, over plain HTTP, received. */
  readonly verified: number;
  /** 0 over plain HTTP. */
  readonly pieceCount: number;
  readonly piecesVerified: number;
  /** What was on disk already when the fetch began. */
  readonly resumed: number;
  /** Connected peers. */
  readonly peers: number;
  /** Bytes a second, smoothed. */
  readonly rate: number;
  readonly bytesFromPeers: number;
  readonly bytesFromRegistry: number;
  readonly state: 'downloading' | 'complete' | 'failed';
}

/** A blob that can be read from any offset, also while it is being fetched. Close it after use. */
export interface BlobReader {
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  /**
   * Bytes from `offset`, at least 1 and at most `most`, as soon as they are there and verified. Rejects with a
   * FetchError or UpstreamError when the blob cannot be had, or with the signal's reason. They stand in `into` when that
   * is given, of `most` bytes at least; after a rejection it may still be written to.
   */
  read(offset: number, most: number, signal?: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
  progress(): BlobProgress;
  /** Resolves when the blob is in the cache, whole and verified; rejects as `read` does. */
  readonly done: Promise<void>;
  /** Lets go of the blob. A fetch that is under way goes on. */
  close(): Promise<void>;
}
