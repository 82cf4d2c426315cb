import { metainfoOf, noise } from '../../../src/swarm/swarm-fixtures.ts';
import { createMetainfo, type Metainfo } from '../../../src/torrent/metainfo.ts';

/** The blob of a run, and its torrent. */
export interface Blob {
  readonly bytes: Buffer;
  readonly metainfo: Metainfo;
}

const made = new Map<string, Blob>();

/** A blob of that shape; the same shape gives the same blob, made once. `isOld`: a torrent without SHA-256 hashes. */
export function blobOf(length: number, pieceLength: number, isOld: boolean): Blob {
  const key = `${length}/${pieceLength}/${isOld}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  if (made.size > 32) made.clear();
  const bytes = noise(length, length + pieceLength);
  const whole = metainfoOf(bytes, pieceLength);
  const { name, sha1, sha256 } = whole;
  const metainfo = isOld
    ? createMetainfo({ name, length, pieceLength, sha1, sha256: undefined })
    : whole;
  const blob = { bytes, metainfo: { ...metainfo, sha256: isOld ? undefined : sha256 } };
  made.set(key, blob);
  return blob;
}
