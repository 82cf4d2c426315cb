import type { Block } from './geometry.ts';

/** Message ids of BEP 3, BEP 6 (13–17) and BEP 10 (20). */
export const messageId = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
} as const;

/** What a peer says. `bits`, `data` and `payload` are views that live only while the message is handled. */
export type WireMessage =
  | { readonly type: 'keepAlive' | 'choke' | 'unchoke' | 'interested' | 'notInterested' }
  | { readonly type: 'haveAll' | 'haveNone' | 'port' }
  | { readonly type: 'have' | 'suggest' | 'allowedFast'; readonly piece: number }
  | { readonly type: 'bitfield'; readonly bits: Uint8Array }
  | { readonly type: 'request' | 'cancel' | 'reject'; readonly block: Block }
  | {
      readonly type: 'piece';
      readonly piece: number;
      readonly begin: number;
      readonly data: Uint8Array;
    }
  | { readonly type: 'extended'; readonly id: number; readonly payload: Uint8Array };

export const keepAlive: Uint8Array = Buffer.alloc(4);

/** A message without a payload. */
export function encodeSimple(
  type: 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone',
): Uint8Array {
  return Buffer.from([0, 0, 0, 1, messageId[type]]);
}

export function encodeHave(piece: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(9);
  bytes.writeUInt32BE(5, 0);
  bytes[4] = messageId.have;
  bytes.writeUInt32BE(piece, 5);
  return bytes;
}

export function encodeBitfield(bits: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(5 + bits.length);
  bytes.writeUInt32BE(1 + bits.length, 0);
  bytes[4] = messageId.bitfield;
  bytes.set(bits, 5);
  return bytes;
}

export function encodeBlock(type: 'request' | 'cancel' | 'reject', block: Block): Uint8Array {
  const bytes = Buffer.allocUnsafe(17);
  bytes.writeUInt32BE(13, 0);
  bytes[4] = messageId[type];
  bytes.writeUInt32BE(block.piece, 5);
  bytes.writeUInt32BE(block.begin, 9);
  bytes.writeUInt32BE(block.length, 13);
  return bytes;
}

/** The bytes in front of a block's data. */
export const pieceHeaderLength = 13;

/** Writes what stands in front of a block's data at `offset`. */
export function writePieceHeader(bytes: Uint8Array, offset: number, block: Block): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + offset, pieceHeaderLength);
  view.writeUInt32BE(9 + block.length, 0);
  view[4] = messageId.piece;
  view.writeUInt32BE(block.piece, 5);
  view.writeUInt32BE(block.begin, 9);
}

/** The 13 bytes in front of a block's data. */
export function encodePieceHeader(block: Block): Uint8Array {
  const bytes = Buffer.allocUnsafe(pieceHeaderLength);
  writePieceHeader(bytes, 0, block);
  return bytes;
}

export function encodeExtended(id: number, payload: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(6 + payload.length);
  bytes.writeUInt32BE(2 + payload.length, 0);
  bytes[4] = messageId.extended;
  bytes[5] = id;
  bytes.set(payload, 6);
  return bytes;
}
