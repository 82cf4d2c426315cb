import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { blockLength } from '../../src/torrent/geometry.ts';
import { encodeHave, encodePieceHeader } from '../../src/torrent/wire.ts';
import { WireParser } from '../../src/torrent/wire-parser.ts';
import type { Micro } from './harness.ts';

const pieceCount = 1024;
const messages = 512;

/** Cutting a connection's bytes into messages: 8 MiB of blocks, in chunks of every length that a socket gives. */
export function wireMicros(): readonly Micro[] {
  const data = randomBytes(blockLength);
  const blocks = Buffer.concat(
    Array.from({ length: messages }, (_, index) => {
      const block = { piece: index, begin: 0, length: blockLength };
      return Buffer.concat([encodePieceHeader(block), data]);
    }),
  );
  const haves = Buffer.concat(Array.from({ length: pieceCount }, (_, piece) => encodeHave(piece)));
  const chunks = cut(blocks, 65_536);
  return [
    {
      name: 'wire: parse blocks of 16 KiB, chunks of 1 to 64 KiB',
      amount: blocks.length / 1e6,
      unit: 'MB',
      run: () => parse(chunks, messages),
    },
    {
      name: 'wire: parse have messages',
      amount: pieceCount,
      unit: 'messages',
      run: () => parse([haves], pieceCount),
    },
  ];
}

function cut(bytes: Uint8Array, most: number): readonly Uint8Array[] {
  const random = seededRandom(1);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1024 + randomInteger(random, most - 1024);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

function parse(chunks: readonly Uint8Array[], expected: number): void {
  const parser = new WireParser(pieceCount);
  let seen = 0;
  const count = (): boolean => {
    seen++;
    return true;
  };
  for (const chunk of chunks) parser.push(chunk, count);
  assert.equal(seen, expected);
}
