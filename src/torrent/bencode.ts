import { DocketError } from '../base/errors.ts';

/**
 * A decoded value. Byte strings are views into the decoded bytes; the keys of dictionaries are byte strings too, given as
 * text with one character a byte (latin1), so that any key survives a round trip.
 */
export type BencodeValue = number | Uint8Array | readonly BencodeValue[] | BencodeDictionary;
export type BencodeDictionary = ReadonlyMap<string, BencodeValue>;

/** What can be encoded: text becomes UTF-8, entries that are undefined are left out, keys are latin1 as above. */
export type BencodeInput =
  | number
  | string
  | Uint8Array
  | Encoded
  | readonly BencodeInput[]
  | ReadonlyMap<string, BencodeInput>
  | { readonly [key: string]: BencodeInput | undefined };

/** A part that is bencoded already and is put in as it stands. */
export class Encoded {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** `BENCODE_INVALID`: not canonical bencoding (BEP 3). `BENCODE_LIMIT`: larger than the caller allows. */
export class BencodeError extends DocketError {
  declare readonly code: 'BENCODE_INVALID' | 'BENCODE_LIMIT';
}

/** What a decoder accepts from a stranger. */
export interface BencodeLimits {
  /** Bytes in all; default 64 KiB. */
  readonly bytes?: number;
  /** Lists and dictionaries inside each other; default 16. */
  readonly depth?: number;
  /** Values and keys in all; default 100 000. */
  readonly tokens?: number;
}

/** Decodes one value that fills `bytes`, strictly as BEP 3 has it: keys sorted and unique, no leading zeros. Throws BencodeError. */
export function decodeBencode(bytes: Uint8Array, limits: BencodeLimits = {}): BencodeValue {
  return new Decoder(bytes, limits).whole();
}

/**
 * Decodes a dictionary, and gives the bytes of each of its values as they stood: what is hashed or signed must never be
 * encoded again. Throws BencodeError.
 */
export function decodeBencodeDictionary(
  bytes: Uint8Array,
  limits: BencodeLimits = {},
): { readonly values: BencodeDictionary; readonly raw: ReadonlyMap<string, Uint8Array> } {
  const decoder = new Decoder(bytes, limits);
  const values = decoder.whole();
  if (!isDictionary(values)) throw invalid('a dictionary was expected', 0);
  return { values, raw: decoder.topLevel };
}

/** Encodes canonically: the same value always gives the same bytes. Asserts on numbers and keys that cannot be written. */
export function encodeBencode(input: BencodeInput): Buffer<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  write(input, parts);
  return Buffer.concat(parts);
}

export function isDictionary(value: BencodeValue | undefined): value is BencodeDictionary {
  return value instanceof Map;
}

export function isList(value: BencodeValue | undefined): value is readonly BencodeValue[] {
  return Array.isArray(value);
}

export function isBytes(value: BencodeValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** The text of a byte string (UTF-8, wrong bytes replaced), or undefined for any other value. */
export function textOf(value: BencodeValue | undefined): string | undefined {
  return isBytes(value) ? new TextDecoder().decode(value) : undefined;
}

const colon = 0x3a;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const integerMark = 0x69;
const listMark = 0x6c;
const dictionaryMark = 0x64;
const endMark = 0x65;

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #depth: number;
  #tokens: number;
  #at = 0;
  /** The raw values of the outermost dictionary. */
  readonly topLevel = new Map<string, Uint8Array>();

  constructor(bytes: Uint8Array, limits: BencodeLimits) {
    const most = limits.bytes ?? 65_536;
    if (bytes.length > most) {
      throw new BencodeError('BENCODE_LIMIT', `${bytes.length} bytes, at most ${most} are allowed`);
    }
    this.#bytes = bytes;
    this.#depth = limits.depth ?? 16;
    this.#tokens = limits.tokens ?? 100_000;
  }

  whole(): BencodeValue {
    const value = this.#value(0);
    if (this.#at !== this.#bytes.length) throw invalid('bytes after the value', this.#at);
    return value;
  }

  #value(depth: number): BencodeValue {
    if (this.#tokens-- <= 0) throw new BencodeError('BENCODE_LIMIT', 'too many values');
    const mark = this.#bytes[this.#at];
    if (mark !== listMark && mark !== dictionaryMark) {
      return mark === integerMark ? this.#integer() : this.#string();
    }
    if (depth >= this.#depth) throw new BencodeError('BENCODE_LIMIT', 'nested too deeply');
    this.#at++;
    return mark === listMark ? this.#list(depth + 1) : this.#dictionary(depth + 1);
  }

  #integer(): number {
    const start = this.#at++;
    const negative = this.#bytes[this.#at] === minus;
    if (negative) this.#at++;
    const magnitude = this.#digits(endMark);
    if (negative && magnitude === 0) throw invalid('minus zero', start);
    return negative ? -magnitude : magnitude;
  }

  #string(): Uint8Array {
    const start = this.#at;
    const length = this.#digits(colon);
    if (length > this.#bytes.length - this.#at) throw invalid('a string past the end', start);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #list(depth: number): readonly BencodeValue[] {
    const items: BencodeValue[] = [];
    while (this.#bytes[this.#at] !== endMark) items.push(this.#value(depth));
    this.#at++;
    return items;
  }

  #dictionary(depth: number): BencodeDictionary {
    const entries = new Map<string, BencodeValue>();
    let last: string | undefined;
    while (this.#bytes[this.#at] !== endMark) {
      const keyAt = this.#at;
      if (this.#tokens-- <= 0) throw new BencodeError('BENCODE_LIMIT', 'too many values');
      const key = latin1Of(this.#string());
      if (last !== undefined && key <= last) throw invalid('keys out of order', keyAt);
      last = key;
      const valueAt = this.#at;
      entries.set(key, this.#value(depth));
      if (depth === 1) this.topLevel.set(key, this.#bytes.subarray(valueAt, this.#at));
    }
    this.#at++;
    return entries;
  }

  /** A number without sign or leading zeros, and the mark that ends it. */
  #digits(end: number): number {
    const start = this.#at;
    let number = 0;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === end && this.#at - 1 > start) break;
      if (byte === undefined || byte < zero || byte > nine) throw invalid('not a value', start);
      if (number === 0 && this.#at - 1 > start) throw invalid('a leading zero', start);
      number = number * 10 + (byte - zero);
      if (!Number.isSafeInteger(number)) throw invalid('a number beyond 2^53', start);
    }
    return number;
  }
}

function write(input: BencodeInput, parts: Uint8Array[]): void {
  if (typeof input === 'number') {
    if (!Number.isSafeInteger(input)) throw new RangeError(`${input} cannot be bencoded`);
    // Adding zero turns minus zero, which has no form in bencoding, into zero.
    parts.push(Buffer.from(`i${input + 0}e`));
  } else if (typeof input === 'string') {
    writeBytes(Buffer.from(input), parts);
  } else if (input instanceof Uint8Array) {
    writeBytes(input, parts);
  } else if (input instanceof Encoded) {
    parts.push(input.bytes);
  } else if (isInputList(input)) {
    parts.push(Buffer.of(listMark));
    for (const item of input) write(item, parts);
    parts.push(Buffer.of(endMark));
  } else {
    writeDictionary(input instanceof Map ? [...input] : Object.entries(input), parts);
  }
}

function writeDictionary(
  entries: readonly (readonly [string, BencodeInput | undefined])[],
  parts: Uint8Array[],
): void {
  const present = entries.filter(([, value]) => value !== undefined);
  parts.push(Buffer.of(dictionaryMark));
  for (const [key, value] of present.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (/[^\0-\xff]/.test(key)) throw new RangeError(`the key "${key}" is not a byte string`);
    writeBytes(Buffer.from(key, 'latin1'), parts);
    if (value !== undefined) write(value, parts);
  }
  parts.push(Buffer.of(endMark));
}

function writeBytes(bytes: Uint8Array, parts: Uint8Array[]): void {
  parts.push(Buffer.from(`${bytes.length}:`), bytes);
}

/** `Array.isArray` does not narrow readonly arrays. */
function isInputList(input: BencodeInput): input is readonly BencodeInput[] {
  return Array.isArray(input);
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function invalid(what: string, at: number): BencodeError {
  return new BencodeError('BENCODE_INVALID', `${what} (at byte ${at})`);
}
