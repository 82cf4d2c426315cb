import assert from 'node:assert/strict';
import {
  BencodeError,
  decodeBencode,
  encodeBencode,
  type BencodeValue,
} from '../../../src/torrent/bencode.ts';
import { read } from '../read.ts';
import type { FuzzTarget } from '../target.ts';

const depth = 16;

/** What BEP 3 says, once more and as plainly as can be: the end of the value at `at`, or undefined. */
function endOf(text: string, at: number, level: number): number | undefined {
  const mark = text[at];
  if (mark === 'i') {
    const end = text.indexOf('e', at);
    const digits = text.slice(at + 1, end);
    const isNumber = end > 0 && /^(?:0|-?[1-9]\d*)$/.test(digits);
    return isNumber && Number.isSafeInteger(Number(digits)) ? end + 1 : undefined;
  }
  if (mark !== 'l' && mark !== 'd') return endOfString(text, at);
  if (level === depth) return undefined;
  let last: string | undefined;
  for (let next = at + 1; ;) {
    if (text[next] === 'e') return next + 1;
    if (mark === 'd') {
      const keyEnd = endOfString(text, next);
      if (keyEnd === undefined) return undefined;
      const key = text.slice(text.indexOf(':', next) + 1, keyEnd);
      if (last !== undefined && key <= last) return undefined;
      last = key;
      next = keyEnd;
    }
    const end = endOf(text, next, level + 1);
    if (end === undefined) return undefined;
    next = end;
  }
}

function endOfString(text: string, at: number): number | undefined {
  const [whole, digits] = /^(0|[1-9]\d*):/.exec(text.slice(at, at + 20)) ?? [];
  if (whole === undefined || digits === undefined) return undefined;
  const end = at + whole.length + Number(digits);
  return end <= text.length ? end : undefined;
}

function decoded(input: Uint8Array): BencodeValue | undefined {
  return read(BencodeError, () => decodeBencode(input));
}

/** Accepts what BEP 3 allows and nothing else; what was accepted is written as it was. */
export const bencodeTarget: FuzzTarget = {
  name: 'bencode',
  seeds: [
    'i0e',
    'i-9007199254740991e',
    '0:',
    '4:spam',
    'le',
    'de',
    'd3:cow3:moo4:spaml1:a1:bee',
    'd1:ad1:bd1:cleeee',
    'lllllllllllllllleeeeeeeeeeeeeeee',
    'd4:infod6:lengthi5e4:name1:xe1:xi7ee',
  ].map((text) => Buffer.from(text)),
  run(input) {
    const value = decoded(input);
    const text = Buffer.from(input).toString('latin1');
    assert.equal(value !== undefined, endOf(text, 0, 0) === text.length, 'who is right?');
    if (value !== undefined) assert.deepEqual(encodeBencode(value), Buffer.from(input));
  },
};
