import type { Readable } from 'node:stream';
import type { Digest } from '../../oci/digest.ts';

/** A file on this machine whose bytes can be read as often as needed. */
export interface StoredFile {
  /** Bytes. */
  readonly size: number;
  open(): Readable;
}

/** A blob to push. */
export interface SourceBlob extends StoredFile {
  readonly digest: Digest;
}

/** A manifest to push, exactly as it is. */
export interface SourceManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Told while a blob is being made. */
export interface Preparation {
  /** Bytes done so far. */
  update(done: number): void;
  end(): void;
}

/** Takes over the blobs of an image. */
export interface BlobReceiver {
  /** Whether the blob is at its destination already. */
  has(digest: Digest): Promise<boolean>;
  /** Takes one blob; resolves when it is safe there. Several are handed over at once. */
  receive(blob: SourceBlob, signal: AbortSignal): Promise<void>;
  /** Something that takes long before its blob can be handed over; `name` is a digest. */
  prepare(name: Digest, size: number): Preparation;
  /** A blob that need not be sent, since `has` found it. */
  skip(blob: Pick<SourceBlob, 'digest' | 'size'>): void;
}

/** An image on this machine: in an engine, an archive or a folder. */
export interface ImageSource extends AsyncDisposable {
  /**
   * Hands over every blob of the image and gives its manifests: those of an index first, the one that the tag is to name
   * last. Throws ArchiveError when the image is not whole.
   */
  deliver(receiver: BlobReceiver, signal: AbortSignal): Promise<readonly SourceManifest[]>;
  /** Removes what was made on the way. */
  close(): Promise<void>;
}
