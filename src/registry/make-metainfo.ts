import { createHash } from 'node:crypto';
import { digestAlgorithm, digestFileName, type Digest } from '../oci/digest.ts';
import type { OpenBlob } from '../storage/blob-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { createMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import { pieceLengthFor } from '../torrent/piece-length.ts';
import { RunningHash } from './running-hash.ts';

/**
 * Reads a blob of at least one byte and describes it as a torrent. It hashes slice by slice, and every slice waits for
 * the disk, so other work goes on between. Throws StorageError STORAGE_CORRUPT when the bytes do not have the digest, or
 * the signal's reason.
 */
export async function makeMetainfo(
  blob: Pick<OpenBlob, 'size' | 'read'>,
  digest: Digest,
  signal: AbortSignal,
): Promise<Metainfo> {
  const pieceLength = pieceLengthFor(blob.size);
  const whole = new RunningHash(digestAlgorithm(digest));
  const pieces = new PieceHashes(blob.size, pieceLength);
  for await (const slice of blob.read(0, blob.size)) {
    signal.throwIfAborted();
    whole.update(slice);
    pieces.update(slice);
  }
  const actual = whole.digest();
  if (actual !== digest) {
    throw new StorageError('STORAGE_CORRUPT', `the stored bytes of ${digest} have ${actual}`);
  }
  return createMetainfo({
    name: digestFileName(digest),
    length: blob.size,
    pieceLength,
    ...pieces.finish(),
  });
}

/** The SHA-1 and SHA-256 hashes of pieces whose bytes come in slices of any length. */
class PieceHashes {
  readonly #pieceLength: number;
  readonly #sha1: Buffer;
  readonly #sha256: Buffer;
  #piece = 0;
  #filled = 0;
  #sha1OfPiece = createHash('sha1');
  #sha256OfPiece = createHash('sha256');

  constructor(length: number, pieceLength: number) {
    const pieceCount = Math.ceil(length / pieceLength);
    this.#pieceLength = pieceLength;
    this.#sha1 = Buffer.alloc(pieceCount * 20);
    this.#sha256 = Buffer.alloc(pieceCount * 32);
  }

  update(slice: Uint8Array): void {
    for (let at = 0; at < slice.length;) {
      const part = slice.subarray(at, at + this.#pieceLength - this.#filled);
      this.#sha1OfPiece.update(part);
      this.#sha256OfPiece.update(part);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#pieceLength) this.#endPiece();
    }
  }

  finish(): { readonly sha1: Uint8Array; readonly sha256: Uint8Array } {
    if (this.#filled > 0) this.#endPiece();
    return { sha1: this.#sha1, sha256: this.#sha256 };
  }

  #endPiece(): void {
    this.#sha1OfPiece.digest().copy(this.#sha1, this.#piece * 20);
    this.#sha256OfPiece.digest().copy(this.#sha256, this.#piece * 32);
    this.#piece++;
    this.#filled = 0;
    this.#sha1OfPiece = createHash('sha1');
    this.#sha256OfPiece = createHash('sha256');
  }
}
