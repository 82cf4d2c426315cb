import { hash } from 'node:crypto';
import type { Metainfo } from './metainfo.ts';

/** True when `bytes` are that piece: by its SHA-256 where the torrent has it, else by its SHA-1 (BEP 3). */
export function isPiece(metainfo: Metainfo, piece: number, bytes: Uint8Array): boolean {
  const [algorithm, hashes, size] =
    metainfo.sha256 === undefined
      ? (['sha1', metainfo.sha1, 20] as const)
      : (['sha256', metainfo.sha256, 32] as const);
  const expected = hashes.subarray(piece * size, (piece + 1) * size);
  return hash(algorithm, bytes, 'buffer').equals(expected);
}
