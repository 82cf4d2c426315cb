import assert from 'node:assert/strict';
import { encodeBencode } from '../../../src/torrent/bencode.ts';
import {
  createMetainfo,
  encodeMetainfo,
  MetainfoError,
  parseMetainfo,
  type Metainfo,
} from '../../../src/torrent/metainfo.ts';
import { pieceSize } from '../../../src/torrent/geometry.ts';
import { read } from '../read.ts';
import type { FuzzTarget } from '../target.ts';

function parsed(bytes: Uint8Array): Metainfo | undefined {
  return read(MetainfoError, () => parseMetainfo(Buffer.from(bytes)));
}

/** Reads a torrent whose figures fit together, or refuses it; what it read it writes and reads as the same. */
export const metainfoTarget: FuzzTarget = {
  name: 'metainfo',
  seeds: [
    encodeMetainfo(
      createMetainfo({
        name: `sha256-${'ab'.repeat(32)}`,
        length: 100_000,
        pieceLength: 65_536,
        sha1: Buffer.alloc(40, 1),
        sha256: Buffer.alloc(64, 2),
      }),
      { trackers: [['http://t/a', 'udp://t:1'], ['http://u']], webSeeds: ['http://w/x'] },
    ),
    encodeBencode({
      announce: 'http://t/a',
      info: { length: 5, name: 'x', 'piece length': 4, pieces: Buffer.alloc(40) },
    }),
    encodeBencode({
      info: { files: [], name: 'x', 'piece length': 16_384, pieces: Buffer.alloc(20) },
    }),
  ],
  run(input) {
    const metainfo = parsed(input);
    if (metainfo === undefined) return;
    const { length, pieceLength, pieceCount, sha1, sha256 } = metainfo;
    assert.ok(Number.isSafeInteger(length) && length > 0);
    assert.ok(pieceLength > 0 && pieceLength <= 64 * 1024 * 1024);
    assert.equal(sha1.length, 20 * pieceCount);
    assert.equal(sha256?.length ?? 32 * pieceCount, 32 * pieceCount);
    const last = pieceSize(metainfo, pieceCount - 1);
    assert.equal((pieceCount - 1) * pieceLength + last, length);
    assert.ok(last > 0 && last <= pieceLength);
    assert.deepEqual(parsed(encodeMetainfo(metainfo)), metainfo);
  },
};
