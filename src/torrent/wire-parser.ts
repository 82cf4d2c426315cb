import { blockLength } from './geometry.ts';
import { messageId, type WireMessage } from './wire.ts';

/** The longest BEP 10 message that is taken. */
export const extendedLimit = 32 * 1024;

const simple = {
  [messageId.choke]: { type: 'choke' },
  [messageId.unchoke]: { type: 'unchoke' },
  [messageId.interested]: { type: 'interested' },
  [messageId.notInterested]: { type: 'notInterested' },
  [messageId.haveAll]: { type: 'haveAll' },
  [messageId.haveNone]: { type: 'haveNone' },
  [messageId.port]: { type: 'port' },
} as const satisfies Record<number, WireMessage>;

const onePiece = {
  [messageId.have]: 'have',
  [messageId.suggest]: 'suggest',
  [messageId.allowedFast]: 'allowedFast',
} as const;

const oneBlock = {
  [messageId.request]: 'request',
  [messageId.cancel]: 'cancel',
  [messageId.reject]: 'reject',
} as const;

function lookUp<T>(table: Readonly<Record<number, T>>, id: number): T | undefined {
  return table[id];
}

/** A block message's bytes up to its data. */
const blockHead = 4 + 9;

/**
 * Cuts the bytes of one connection into messages (BEP 3, 6, 10). Every message's length is checked against its type
 * before it is buffered, so a peer can make us hold no more than one longest message. A block that is longer than the
 * usual is handed on in parts of that length as they come.
 */
export class WireParser {
  readonly #bitfieldLength: number;
  /** The longest block that the peer may send. */
  longestBlock = blockLength;
  /** The beginning of what has not wholly come yet: of a message, or of a part of a block. */
  #partial = Buffer.alloc(0);
  #held = 0;
  /** The block whose data comes now. */
  #piece = 0;
  #begin = 0;
  #left = 0;

  constructor(pieceCount: number) {
    this.#bitfieldLength = Math.ceil(pieceCount / 8);
  }

  /** True when the beginning of a message has come and its end has not. */
  get isWithin(): boolean {
    return this.#held > 0 || this.#left > 0;
  }

  /**
   * Hands each whole message to `handle`, until that returns false. Returns what the peer did wrong, or undefined;
   * after either a wrong or a false the parser must not be used again.
   */
  push(chunk: Uint8Array, handle: (message: WireMessage) => boolean): string | undefined {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let offset = 0;
    for (;;) {
      const isHeld = this.#held > 0;
      const wanted = isHeld
        ? this.#wanted(this.#partial, 0, this.#held)
        : this.#wanted(bytes, offset, bytes.length);
      if (typeof wanted === 'string') return wanted;
      const from = offset;
      offset = Math.min(bytes.length, from + wanted - this.#held);
      const isWhole = offset - from === wanted - this.#held;
      if (isHeld || !isWhole) this.#hold(bytes, from, offset, wanted);
      if (!isWhole) return undefined;
      // Held bytes may have told only how many more are wanted.
      if (isHeld && this.#wanted(this.#partial, 0, this.#held) !== wanted) continue;
      this.#held = 0;
      const whole = isHeld ? this.#partial.subarray(0, wanted) : bytes.subarray(from, offset);
      if (!this.#take(whole, handle)) return undefined;
    }
  }

  /**
   * How many bytes the message, or the part of a block, between `from` and `to` has, as far as they tell; or what is wrong
   * with it.
   */
  #wanted(bytes: Buffer, from: number, to: number): number | string {
    if (this.#left > 0) return Math.min(blockLength, this.#left);
    if (to - from < 4) return 4;
    const length = bytes.readUInt32BE(from);
    if (length === 0) return 4;
    if (to - from < 5) return 5;
    const id = bytes[from + 4] ?? 0;
    if (!this.#mayBe(id, length)) return `message ${id} of ${length} bytes`;
    return id === messageId.piece ? blockHead : 4 + length;
  }

  #hold(bytes: Buffer, from: number, to: number, wanted: number): void {
    if (this.#partial.length < wanted) {
      const larger = Buffer.allocUnsafeSlow(wanted <= 512 ? 512 : Math.max(wanted, blockLength));
      this.#partial.copy(larger, 0, 0, this.#held);
      this.#partial = larger;
    }
    bytes.copy(this.#partial, this.#held, from, to);
    this.#held += to - from;
  }

  /** Hands on what has wholly come; false when told to stop. */
  #take(whole: Buffer, handle: (message: WireMessage) => boolean): boolean {
    if (this.#left > 0) {
      const begin = this.#begin;
      this.#begin += whole.length;
      this.#left -= whole.length;
      return handle({ type: 'piece', piece: this.#piece, begin, data: whole });
    }
    if (whole.length === 4) return handle({ type: 'keepAlive' });
    const id = whole[4] ?? 0;
    if (id !== messageId.piece) return handle(decode(id, whole.subarray(5)));
    this.#left = whole.readUInt32BE(0) - 9;
    this.#piece = whole.readUInt32BE(5);
    this.#begin = whole.readUInt32BE(9);
    return true;
  }

  #mayBe(id: number, length: number): boolean {
    if (id === messageId.port) return length === 3;
    if (lookUp(simple, id) !== undefined) return length === 1;
    if (lookUp(onePiece, id) !== undefined) return length === 5;
    if (lookUp(oneBlock, id) !== undefined) return length === 13;
    if (id === messageId.bitfield) return length === 1 + this.#bitfieldLength;
    if (id === messageId.piece) return length > 9 && length <= 9 + this.longestBlock;
    if (id === messageId.extended) return length >= 2 && length <= 2 + extendedLimit;
    return false;
  }
}

function decode(id: number, body: Buffer): WireMessage {
  const plain = lookUp<WireMessage>(simple, id);
  if (plain !== undefined) return plain;
  const pieceType = lookUp(onePiece, id);
  if (pieceType !== undefined) return { type: pieceType, piece: body.readUInt32BE(0) };
  const blockType = lookUp(oneBlock, id);
  if (blockType !== undefined) {
    const [piece, begin, length] = [
      body.readUInt32BE(0),
      body.readUInt32BE(4),
      body.readUInt32BE(8),
    ];
    return { type: blockType, block: { piece, begin, length } };
  }
  if (id === messageId.bitfield) return { type: 'bitfield', bits: body };
  return { type: 'extended', id: body[0] ?? 0, payload: body.subarray(1) };
}
