import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzRuns, mutated } from '../../test/mutations.ts';
import { blockLength } from './geometry.ts';
import { extendedLimit, WireParser } from './wire-parser.ts';
import {
  encodeBitfield,
  encodeBlock,
  encodeExtended,
  encodeHave,
  encodePieceHeader,
  encodeSimple,
  keepAlive,
  messageId,
  type WireMessage,
} from './wire.ts';

const pieceCount = 21;

/** What a message says, with bytes of its own, since those of a message live only while it is handled. */
function kept(message: WireMessage): object {
  if (message.type === 'bitfield') return { ...message, bits: [...message.bits] };
  if (message.type === 'piece') return { ...message, data: [...message.data] };
  if (message.type === 'extended') return { ...message, payload: [...message.payload] };
  return { ...message };
}

/** The messages in chunks, and what was wrong. */
function parse(chunks: readonly Uint8Array[]): { messages: object[]; wrong: string | undefined } {
  const parser = new WireParser(pieceCount);
  const messages: object[] = [];
  for (const chunk of chunks) {
    const wrong = parser.push(chunk, (message) => {
      messages.push(kept(message));
      return true;
    });
    if (wrong !== undefined) return { messages, wrong };
  }
  return { messages, wrong: undefined };
}

/** A message by its length word, id and payload, honest or not. */
function raw(length: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length);
  head[4] = id;
  return Buffer.concat([head, payload]);
}

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const block = fc.record(
  { piece: uint32, begin: uint32, length: uint32 },
  { noNullPrototype: true },
);
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

interface Said {
  readonly bytes: Uint8Array;
  readonly message: object;
}

/** A message as it goes over the wire, and as it should be understood. */
const said: fc.Arbitrary<Said> = fc.oneof(
  fc.constant({ bytes: keepAlive, message: { type: 'keepAlive' } }),
  fc
    .constantFrom('choke', 'unchoke', 'interested', 'notInterested', 'haveAll', 'haveNone')
    .map((type) => ({ bytes: encodeSimple(type), message: { type } })),
  uint32.map((piece) => ({ bytes: encodeHave(piece), message: { type: 'have', piece } })),
  fc
    .tuple(fc.constantFrom('request', 'cancel', 'reject'), block)
    .map(([type, of]) => ({ bytes: encodeBlock(type, of), message: { type, block: of } })),
  bytes(3, 3).map((bits) => ({
    bytes: encodeBitfield(bits),
    message: { type: 'bitfield', bits: [...bits] },
  })),
  fc.tuple(uint32, uint32, bytes(1, 60)).map(([piece, begin, data]) => ({
    bytes: Buffer.concat([encodePieceHeader({ piece, begin, length: data.length }), data]),
    message: { type: 'piece', piece, begin, data: [...data] },
  })),
  fc.tuple(fc.nat(255), bytes(0, 60)).map(([id, payload]) => ({
    bytes: encodeExtended(id, payload),
    message: { type: 'extended', id, payload: [...payload] },
  })),
  fc.tuple(fc.constantFrom('suggest', 'allowedFast'), uint32).map(([type, piece]) => {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(piece);
    return { bytes: raw(5, messageId[type], payload), message: { type, piece } };
  }),
  fc.constant({ bytes: raw(3, messageId.port, Buffer.alloc(2)), message: { type: 'port' } }),
);
const conversation = fc.array(said, { maxLength: 12 });
const whole = (messages: readonly Said[]): Buffer =>
  Buffer.concat(messages.map((one) => one.bytes));

/** One message of each kind, the longest ones too. */
const everything = [
  keepAlive,
  encodeSimple('unchoke'),
  encodeHave(7),
  encodeBitfield(Uint8Array.of(255, 0, 8)),
  encodeBlock('request', { piece: 1, begin: 16_384, length: 5 }),
  encodePieceHeader({ piece: 3, begin: 0, length: 40 }),
  Buffer.alloc(40, 7),
  encodeExtended(0, Buffer.from('d1:v3:abce')),
  keepAlive,
];

suite('wire parser', { timeout: 60_000 }, () => {
  test('what is written is read as the same', () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        const { messages: read, wrong } = parse([whole(messages)]);
        assert.equal(wrong, undefined);
        assert.deepEqual(
          read,
          messages.map((one) => one.message),
        );
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('a conversation reads the same wherever it is cut in three', () => {
    const stream = Buffer.concat(everything);
    const expected = parse([stream]);
    assert.equal(expected.messages.length, 8);
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const cut = [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ];
        assert.deepEqual(parse(cut), expected, `${first}, ${second}`);
      }
    }
  });

  test('a conversation reads the same byte by byte, and in drawn chunks', () => {
    fc.assert(
      fc.property(conversation, fc.array(fc.integer({ min: 1, max: 40 })), (messages, sizes) => {
        const stream = whole(messages);
        const chunks: Uint8Array[] = [];
        let offset = 0;
        for (let turn = 0; offset < stream.length; turn++) {
          const size = sizes[turn % Math.max(1, sizes.length)] ?? 1;
          chunks.push(stream.subarray(offset, offset + size));
          offset += size;
        }
        assert.deepEqual(parse(chunks), parse([stream]));
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('the longest block and the longest extension message pass, cut anywhere', () => {
    const block16 = Buffer.concat([
      encodePieceHeader({ piece: 2, begin: 0, length: blockLength }),
      Buffer.alloc(blockLength, 5),
    ]);
    const longest = encodeExtended(3, Buffer.alloc(extendedLimit));
    for (const size of [1_000, 4_096, 65_536]) {
      const stream = Buffer.concat([block16, longest, block16]);
      const chunks: Uint8Array[] = [];
      for (let begin = 0; begin < stream.length; begin += size)
        chunks.push(stream.subarray(begin, begin + size));
      const { messages, wrong } = parse(chunks);
      assert.equal(wrong, undefined);
      assert.equal(messages.length, 3);
    }
  });

  test('a long block comes in parts of the usual length, where it may, wherever it is cut', () => {
    const data = Buffer.alloc(2 * blockLength + 5, 7);
    const header = encodePieceHeader({ piece: 3, begin: blockLength, length: data.length });
    const stream = Buffer.concat([header, data, encodeHave(7)]);
    assert.match(new WireParser(pieceCount).push(stream, () => true) ?? '', /^message 7 of/);
    for (let cut = 1; cut < stream.length; cut += 1_009) {
      const parser = new WireParser(pieceCount);
      parser.longestBlock = data.length;
      const messages: object[] = [];
      for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)]) {
        const note = (message: WireMessage): boolean => messages.push(kept(message)) > 0;
        assert.equal(parser.push(chunk, note), undefined);
      }
      const parts = [blockLength, blockLength, 5].map((length, index) => ({
        type: 'piece',
        piece: 3,
        begin: (index + 1) * blockLength,
        data: Array(length).fill(7),
      }));
      assert.deepEqual(messages, [...parts, { type: 'have', piece: 7 }]);
    }
  });

  test('a length that does not fit its message is told of before the message has come', () => {
    const fitting = new Map<number, (length: number) => boolean>();
    for (const id of [0, 1, 2, 3, 14, 15]) fitting.set(id, (length) => length === 1);
    for (const id of [4, 13, 17]) fitting.set(id, (length) => length === 5);
    for (const id of [6, 8, 16]) fitting.set(id, (length) => length === 13);
    fitting.set(messageId.port, (length) => length === 3);
    fitting.set(messageId.bitfield, (length) => length === 1 + 3);
    fitting.set(messageId.piece, (length) => length > 9 && length <= 9 + blockLength);
    fitting.set(messageId.extended, (length) => length >= 2 && length <= 2 + extendedLimit);
    const lengths = [
      1, 2, 3, 4, 5, 6, 9, 10, 12, 13, 14, 16_393, 16_394, 32_770, 32_771, 0x7fff_ffff, 0x8000_0000,
      0xffff_ffff,
    ];
    for (let id = 0; id < 256; id++) {
      for (const length of lengths) {
        const { messages, wrong } = parse([raw(length, id)]);
        const isFitting = fitting.get(id)?.(length) ?? false;
        assert.equal(wrong === undefined, isFitting, `message ${id} of ${length}`);
        assert.equal(messages.length, isFitting && length === 1 ? 1 : 0);
      }
    }
  });

  test('the parser stops where it is told to', () => {
    const parser = new WireParser(pieceCount);
    const seen: string[] = [];
    const stream = Buffer.concat([encodeSimple('unchoke'), encodeSimple('choke'), raw(9, 99)]);
    const wrong = parser.push(stream, ({ type }) => {
      seen.push(type);
      return type !== 'choke';
    });
    assert.equal(wrong, undefined);
    assert.deepEqual(seen, ['unchoke', 'choke']);
  });

  test('damaged bytes in any chunks never throw, and say the same in one chunk', () => {
    fc.assert(
      fc.property(mutated(conversation.map(whole)), fc.nat(50), (stream, cut) => {
        const whole1 = parse([stream]);
        const parts = parse([stream.subarray(0, cut), stream.subarray(cut)]);
        assert.deepEqual(parts, whole1);
      }),
      { numRuns: fuzzRuns },
    );
  });
});
