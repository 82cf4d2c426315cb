import { hash, randomBytes } from 'node:crypto';
import { createMetainfo } from '../../src/torrent/metainfo.ts';
import { isPiece } from '../../src/torrent/verify-piece.ts';
import type { Micro } from './harness.ts';

/** Verifying pieces, by each of their two hashes. */
export function verifyMicros(): readonly Micro[] {
  return [64 * 1024, 1024 * 1024].flatMap((pieceLength) => {
    const bytes = randomBytes(pieceLength);
    const blob = {
      name: 'blob',
      length: pieceLength,
      pieceLength,
      sha1: hash('sha1', bytes, 'buffer'),
    };
    const plain = createMetainfo(blob);
    const own = createMetainfo({ ...blob, sha256: hash('sha256', bytes, 'buffer') });
    return [
      { algorithm: 'sha1', metainfo: plain },
      { algorithm: 'sha256', metainfo: own },
    ].map(({ algorithm, metainfo }) => ({
      name: `verify: pieces of ${pieceLength / 1024} KiB by ${algorithm}`,
      amount: pieceLength / 1e6,
      unit: 'MB',
      run() {
        if (!isPiece(metainfo, 0, bytes)) throw new Error('the piece is right');
      },
    }));
  });
}
