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

/**
 * Cuts the bytes of one connection into messages (BEP 3, 6, 10). Every message's length is checked against its type
 * before it is buffered, so a peer can make us hold no more than one longest message.
 */
export class WireParser {
  readonly #bitfieldLength: number;
  /** The beginning of a message whose end has not come yet. */
  readonly #partial: Buffer;
  #held = 0;

  constructor(pieceCount: number) {
    this.#bitfieldLength = Math.ceil(pieceCount / 8);
    const longest = Math.max(9 + blockLength, 1 + this.#bitfieldLength, 2 + extendedLimit);
    this.#partial = Buffer.allocUnsafeSlow(4 + longest);
  }

  /** True when the beginning of a message has come and its end has not. */
  get isWithin(): boolean {
    return this.#held > 0;
  }

  /**
   * Hands each whole message to `handle`, until that returns false. Returns what the peer did wrong, or undefined;
   * after either a wrong or a false the parser must not be used again.
   */
  push(chunk: Uint8Array, handle: (message: WireMessage) => boolean): string | undefined {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let offset = 0;
    while (this.#held > 0 && offset < bytes.length) {
      const wanted = this.#held < 4 ? 4 : this.#held < 5 ? 5 : 4 + this.#partial.readUInt32BE(0);
      const taken = Math.min(wanted - this.#held, bytes.length - offset);
      bytes.copy(this.#partial, this.#held, offset, offset + taken);
      this.#held += taken;
      offset += taken;
      const step = this.#step(this.#partial.subarray(0, this.#held), handle);
      if (typeof step === 'string') return step;
      if (step === undefined) return undefined;
      if (step > 0) this.#held = 0;
    }
    while (offset < bytes.length) {
      const step = this.#step(bytes.subarray(offset), handle);
      if (typeof step === 'string') return step;
      if (step === undefined) return undefined;
      if (step === 0) break;
      offset += step;
    }
    if (offset < bytes.length) {
      bytes.copy(this.#partial, 0, offset);
      this.#held = bytes.length - offset;
    }
    return undefined;
  }

  /** The bytes of the message that `bytes` begins with, 0 when it is not whole, undefined when told to stop. */
  #step(bytes: Buffer, handle: (message: WireMessage) => boolean): number | string | undefined {
    if (bytes.length < 4) return 0;
    const length = bytes.readUInt32BE(0);
    if (length === 0) return handle({ type: 'keepAlive' }) ? 4 : undefined;
    if (bytes.length < 5) return 0;
    const id = bytes[4] ?? 0;
    if (!this.#mayBe(id, length)) return `message ${id} of ${length} bytes`;
    if (bytes.length < 4 + length) return 0;
    return handle(decode(id, bytes.subarray(5, 4 + length))) ? 4 + length : undefined;
  }

  #mayBe(id: number, length: number): boolean {
    if (id === messageId.port) return length === 3;
    if (lookUp(simple, id) !== undefined) return length === 1;
    if (lookUp(onePiece, id) !== undefined) return length === 5;
    if (lookUp(oneBlock, id) !== undefined) return length === 13;
    if (id === messageId.bitfield) return length === 1 + this.#bitfieldLength;
    if (id === messageId.piece) return length > 9 && length <= 9 + blockLength;
    if (id === messageId.extended) return length >= 2 && length <= 2 + extendedLimit;
    return false;
  }
}

function decode(id: number, body: Buffer): WireMessage {
  const plain = lookUp<WireMessage>(simple, id);
  if (plain !== undefined) return plain;
  if (id === messageId.piece) {
    const data = body.subarray(8);
    return { type: 'piece', piece: body.readUInt32BE(0), begin: body.readUInt32BE(4), data };
  }
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
