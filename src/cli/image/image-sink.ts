import type { LayoutImage } from '../../oci/archive-layout.ts';
import type { Digest } from '../../oci/digest.ts';
import type { StoredFile } from './image-source.ts';

/** An image that was pulled: every part is on this machine and verified. */
export interface PulledImage extends LayoutImage {
  readonly manifestBytes: Uint8Array;
  readonly blobs: ReadonlyMap<Digest, StoredFile>;
}

/** Where a pulled image goes. */
export interface ImageSink extends AsyncDisposable {
  /** True when the image is there already and nothing need be pulled; it has its name then. */
  has(image: LayoutImage, signal: AbortSignal): Promise<boolean>;
  /** Writes the image; resolves when it is there whole, and throws otherwise. Tells in a few words what was done. */
  write(image: PulledImage, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}
