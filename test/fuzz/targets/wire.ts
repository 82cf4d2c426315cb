import assert from 'node:assert/strict';
import { blockLength } from '../../../src/torrent/geometry.ts';
import { WireParser } from '../../../src/torrent/wire-parser.ts';
import {
  encodeBitfield,
  encodeBlock,
  encodeExtended,
  encodeHave,
  encodePieceHeader,
  encodeSimple,
  keepAlive,
  type WireMessage,
} from '../../../src/torrent/wire.ts';
import type { FuzzTarget } from '../target.ts';

const pieceCount = 21;

function described(message: WireMessage): string {
  if (message.type === 'piece') {
    const { piece, begin, data } = message;
    return `piece ${piece} ${begin} ${Buffer.from(data).toString('hex')}`;
  }
  if (message.type === 'bitfield') return `bitfield ${Buffer.from(message.bits).toString('hex')}`;
  if (message.type === 'extended')
    return `extended ${message.id} ${Buffer.from(message.payload).toString('hex')}`;
  return JSON.stringify(message);
}

function heard(chunks: readonly Uint8Array[]): string {
  const parser = new WireParser(pieceCount);
  const words: string[] = [];
  for (const chunk of chunks) {
    // What is handed on may only be looked at while it is handled, so the chunk is spoilt afterwards.
    const spoilt = Uint8Array.from(chunk);
    const wrong = parser.push(spoilt, (message) => {
      words.push(described(message));
      return true;
    });
    spoilt.fill(0xee);
    if (wrong !== undefined) return [...words, `wrong: ${wrong}`].join('\n');
  }
  return words.join('\n');
}

/** Says the same of a conversation wherever it is cut. The last byte of the input draws some of the cuts. */
export const wireTarget: FuzzTarget = {
  name: 'wire',
  seeds: [
    Buffer.concat([
      encodeExtended(0, Buffer.from('d1:md11:ut_metadatai3ee4:reqqi250ee')),
      encodeBitfield(Uint8Array.of(255, 0, 8)),
      encodeSimple('unchoke'),
      encodeSimple('interested'),
      encodeHave(7),
      encodeBlock('request', { piece: 1, begin: blockLength, length: 5 }),
      keepAlive,
    ]),
    Buffer.concat([
      encodeSimple('haveAll'),
      encodePieceHeader({ piece: 3, begin: 0, length: 40 }),
      Buffer.alloc(40, 7),
      encodeBlock('reject', { piece: 0xffff_ffff, begin: 0xffff_ffff, length: 0xffff_ffff }),
      encodeSimple('haveNone'),
    ]),
    Buffer.of(0, 0, 0x40, 9, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3),
    Buffer.of(0, 0, 0, 3, 9, 0x1a, 0xe1, 0, 0, 0, 5, 13, 0, 0, 0, 1, 0, 0, 0, 5, 17, 0, 0, 0, 2),
  ],
  run(input) {
    const whole = heard([input]);
    const step = Math.max(1, Math.floor(input.length / 64));
    for (let cut = 0; cut <= input.length; cut += step)
      assert.equal(heard([input.subarray(0, cut), input.subarray(cut)]), whole, `cut at ${cut}`);
    const size = 1 + ((input.at(-1) ?? 0) % 19);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < input.length; at += size) chunks.push(input.subarray(at, at + size));
    assert.equal(heard(chunks), whole, `in chunks of ${size}`);
  },
};
