import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createMetainfo } from './metainfo.ts';
import { isPiece } from './verify-piece.ts';

const pieceLength = 65_536;
const bytes = randomBytes(2 * pieceLength + 17);
const piece = (index: number): Buffer =>
  bytes.subarray(index * pieceLength, (index + 1) * pieceLength);
const hashes = (algorithm: string): Buffer =>
  Buffer.concat([0, 1, 2].map((index) => hash(algorithm, piece(index), 'buffer')));

test('a piece is known by its SHA-256, or by its SHA-1 where there is no other', () => {
  const plain = { name: 'blob', length: bytes.length, pieceLength, sha1: hashes('sha1') };
  for (const sha256 of [hashes('sha256'), undefined]) {
    const metainfo = createMetainfo({ ...plain, sha256 });
    assert.equal(isPiece(metainfo, 1, piece(1)), true);
    assert.equal(isPiece(metainfo, 1, piece(0)), false);
    assert.equal(isPiece(metainfo, 2, piece(2)), true);
    assert.equal(isPiece(metainfo, 2, piece(2).subarray(1)), false);
  }
  const wrong = createMetainfo({ ...plain, sha256: Buffer.alloc(96) });
  assert.equal(isPiece(wrong, 1, piece(1)), false);
});
