import type { Digest } from '../oci/digest.ts';

/** A blob opened for reading. It stays readable when it is removed or replaced meanwhile. */
export interface OpenBlob extends AsyncDisposable {
  /** Bytes. */
  readonly size: number;
  /**
   * The bytes from `start` up to, not including, `end`, in chunks. The memory of a chunk may be used for others once the
   * one after it was used up. Throws StorageError STORAGE_CORRUPT when some are missing.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Fills `into` with the bytes from `start` on: for reads of a few blocks. Throws as `read` does. */
  readInto(into: Uint8Array, start: number): Promise<void>;
  close(): Promise<void>;
}

/** A blob that is being written; nobody else sees it before `commit`. One call at a time. */
export interface BlobUpload {
  /** Letters, digits and `-` only. */
  readonly id: string;
  /** Bytes that are durable. */
  readonly size: number;
  /**
   * Appends `chunks` and makes them durable. What came before `chunks` threw is kept; what came before a failed write
   * too, as far as it is surely there. Throws StorageError, or what `chunks` throws.
   */
  append(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** All durable bytes, to hash them again; each chunk stays as it is until the next is asked for. */
  read(): AsyncIterable<Uint8Array>;
  /**
   * Makes the upload the blob `digest`, durably, in place of what was there. The caller has checked the digest. When it
   * fails, the upload is still there, or the blob is.
   */
  commit(digest: Digest): Promise<void>;
  /** Forgets it. Harmless when it is gone already. */
  discard(): Promise<void>;
}

/** What is known of an upload without opening it. */
export interface UploadEntry {
  readonly id: string;
  /** When bytes were last written, in milliseconds since 1970. */
  readonly changedAt: number;
}

/** A blob as it stands in the store, whole or not. */
export interface BlobEntry {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** When it came here, in milliseconds since 1970. */
  readonly changedAt: number;
}

/**
 * Keeps blobs by their digests. A store whose place has vanished says so, by StorageError STORAGE_GONE: it never takes its
 * blobs for absent, nor begins anew. Every implementation passes `blobStoreSuite`. */
export interface BlobStore extends AsyncDisposable {
  /**
   * Opens a blob; undefined when it is not there. An empty file under another digest than that of no bytes is not there.
   * `fresh` reads the place itself, not a copy that is kept nearer.
   */
  open(digest: Digest, options?: { readonly fresh?: boolean }): Promise<OpenBlob | undefined>;
  /** The size of a blob; undefined as with `open`. */
  size(digest: Digest): Promise<number | undefined>;
  /** Removes a blob; false when it was not there. */
  remove(digest: Digest): Promise<boolean>;
  /** All blobs, also those that nobody knows of, in any order. Those that come or go meanwhile may be left out. */
  list(): AsyncIterable<BlobEntry>;
  /**
   * Puts a blob aside: it is not there any more, but its bytes are kept for whoever wants to look at them, until the blob is
   * stored again. False when it was not there.
   */
  quarantine(digest: Digest): Promise<boolean>;
  /** Throws StorageError STORAGE_FULL when there is no room left but what deletes need. */
  createUpload(): Promise<BlobUpload>;
  /** An upload begun earlier, by another process too; undefined when there is none. */
  openUpload(id: string): Promise<BlobUpload | undefined>;
  uploads(): AsyncIterable<UploadEntry>;
  /** Removes what a process that died left half done, but blobs and uploads. */
  tidy(): Promise<void>;
  /** Throws StorageError when blobs cannot be read and written now. Cheap: it may be asked every second. */
  check(): Promise<void>;
  /** Where the blob is, or would be, for the disk that the swarm reads: a file, or a name of the store's own. */
  pathOf(digest: Digest): string;
  close(): Promise<void>;
}
