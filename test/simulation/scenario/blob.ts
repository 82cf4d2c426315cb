import { metainfoOf, noise } from '../../../src/swarm/swarm-fixtures.ts';
import { createMetainfo, type Metainfo } from '../../../src/torrent/metainfo.ts';

/** The shape of a blob. */
export interface BlobPlan {
  readonly length: number;
  readonly pieceLength: number;
  /** Its torrent has no SHA-256 hashes. */
  readonly isOld: boolean;
}

/** A blob of a run, its torrent, and where it stands on every machine. */
export interface Blob {
  readonly bytes: Buffer;
  readonly metainfo: Metainfo;
  readonly path: string;
}

/** The blobs of these plans, each other bytes. */
export function blobsOf(plans: readonly BlobPlan[]): Blob[] {
  return plans.map(({ length, pieceLength, isOld }, index) => {
    const bytes = noise(length, length + index);
    const whole = metainfoOf(bytes, pieceLength);
    const { name, sha1 } = whole;
    const old = { name, length, pieceLength, sha1, sha256: undefined };
    const metainfo = isOld ? createMetainfo(old) : whole;
    return { bytes, metainfo, path: `/blobs/${index}` };
  });
}

/** The bytes of a block, as they should be. */
export function bytesOf(
  { bytes, metainfo }: Blob,
  {
    piece,
    begin,
    length,
  }: { readonly piece: number; readonly begin: number; readonly length: number },
): Buffer {
  const start = piece * metainfo.pieceLength + begin;
  return bytes.subarray(start, start + length);
}
