import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzRuns, survives } from '../../test/mutations.ts';
import {
  BencodeError,
  Encoded,
  decodeBencode,
  decodeBencodeDictionary,
  encodeBencode,
  textOf,
  type BencodeValue,
} from './bencode.ts';

const decodeText = (text: string): BencodeValue => decodeBencode(Buffer.from(text, 'latin1'));

const { value } = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(
        fc.tuple(
          fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
          tie('value'),
        ),
        { selector: ([key]) => key, maxLength: 5 },
      )
      .map((entries) => new Map(entries)),
  ),
}));

/** Buffers and plain arrays of bytes alike, dictionaries without regard to the order of insertion. */
function normal(item: BencodeValue): unknown {
  if (typeof item === 'number') return item + 0;
  if (item instanceof Uint8Array) return { bytes: Buffer.from(item).toString('hex') };
  if (item instanceof Map) {
    const entries = [...(item as ReadonlyMap<string, BencodeValue>)];
    return Object.fromEntries(entries.map(([key, inner]) => [`key ${key}`, normal(inner)]));
  }
  return (item as readonly BencodeValue[]).map(normal);
}

suite('bencode', { timeout: 60_000 }, () => {
  test('what is encoded is decoded to the same', () => {
    fc.assert(
      fc.property(value, (original) => {
        const bytes = encodeBencode(original);
        const decoded = decodeBencode(bytes);
        assert.deepEqual(normal(decoded), normal(original));
        assert.deepEqual(encodeBencode(decoded), bytes);
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('damaged bytes are decoded or refused, and what is accepted is canonical', () => {
    survives(
      value.map((original) => encodeBencode(original)),
      (bytes) => assert.deepEqual(encodeBencode(decodeBencode(bytes)), Buffer.from(bytes)),
      (error) => error instanceof BencodeError,
    );
  });

  test('only the canonical form is accepted', () => {
    const words =
      'i ie i-e i-0e i01e i1 i1.5e i+1e i1ee i1ei2e i9007199254740992e i99999999999999999999999e ' +
      'l le1 d d1:ae di1e1:ae 1 1: 2:a 01:a -1:a 0 : 99999999999999999999:a l-3:e 1:ab ' +
      'd1:bi1e1:ai2ee d1:ai1e1:ai2ee e x li1e d1:al 4294967297:a';
    const wrong = ['', 'i 1e', ...words.split(' ')];
    for (const text of wrong) {
      assert.throws(() => decodeText(text), { code: 'BENCODE_INVALID' }, `"${text}" was accepted`);
    }
  });

  test('numbers are exact up to 2^53', () => {
    assert.equal(decodeText('i9007199254740991e'), Number.MAX_SAFE_INTEGER);
    assert.equal(decodeText('i-9007199254740991e'), Number.MIN_SAFE_INTEGER);
    assert.equal(decodeText('i0e'), 0);
    assert.equal(encodeBencode(-0).toString(), 'i0e');
    assert.throws(() => encodeBencode(0.5), RangeError);
    assert.throws(() => encodeBencode(2 ** 53), RangeError);
  });

  test('limits on bytes, depth and number of values hold', () => {
    const refused = { code: 'BENCODE_LIMIT' };
    const nested = (depth: number): Buffer => Buffer.from('l'.repeat(depth) + 'e'.repeat(depth));
    const many = Buffer.from(`l${'i1e'.repeat(10)}e`);

    decodeBencode(nested(16));
    assert.throws(() => decodeBencode(nested(17)), refused);
    assert.throws(() => decodeBencode(Buffer.from('l'.repeat(60_000))), refused);
    decodeBencode(many, { tokens: 11 });
    assert.throws(() => decodeBencode(many, { tokens: 10 }), refused);
    assert.throws(() => decodeBencode(Buffer.from('d1:ai1ee'), { tokens: 2 }), refused);
    decodeBencode(many, { bytes: 32 });
    assert.throws(() => decodeBencode(many, { bytes: 31 }), refused);
  });

  test('the values of a dictionary are given as they stood', () => {
    const inner = 'd1:ad1:bi1eee';
    const { values, raw } = decodeBencodeDictionary(Buffer.from(`d4:info${inner}1:xi7ee`));

    assert.equal(Buffer.from(raw.get('info') ?? []).toString(), inner);
    assert.equal(Buffer.from(raw.get('x') ?? []).toString(), 'i7e');
    assert.deepEqual([...raw.keys()], ['info', 'x']);
    assert.equal(values.get('x'), 7);
    assert.throws(() => decodeBencodeDictionary(Buffer.from('le')), { code: 'BENCODE_INVALID' });
  });

  test('any key is only a key', () => {
    const values = decodeText('d9:__proto__i1e11:constructori2ee');
    assert.ok(values instanceof Map);
    assert.equal(values.get('__proto__'), 1);
    assert.equal(values.get('toString'), undefined);
  });

  test('keys are written in the order of their bytes, and encoded parts as they are', () => {
    const encoded = encodeBencode({
      'piece length': 1,
      a: undefined,
      pieces: 'ü',
      '\u00ff': [],
      Z: new Encoded(Buffer.from('i5e')),
    });
    assert.equal(
      encoded.toString('latin1'),
      'd1:Zi5e12:piece lengthi1e6:pieces2:\u00c3\u00bc1:\u00fflee',
    );
    assert.throws(() => encodeBencode({ ж: 1 }), RangeError);
  });

  test('text is UTF-8, and only byte strings are text', () => {
    assert.equal(textOf(Buffer.from('zürich')), 'zürich');
    assert.equal(textOf(Buffer.from([0xff])), '\ufffd');
    assert.equal(textOf(5), undefined);
    assert.equal(textOf(undefined), undefined);
  });
});
