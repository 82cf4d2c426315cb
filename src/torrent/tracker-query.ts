import { type InfoHash, infoHashOf } from './ids.ts';
import { TrackerError } from './tracker-error.ts';

/**
 * The parameters of a tracker's URL (`?a=1&b=2` or without the `?`), values as text with one character a byte: an info
 * hash is 20 raw bytes, which `URLSearchParams` would read as UTF-8. Throws TrackerError.
 */
export function parseTrackerQuery(search: string): ReadonlyMap<string, readonly string[]> {
  const parameters = new Map<string, string[]>();
  for (const part of search.replace(/^\?/, '').split('&')) {
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(part) ?? [];
    if (key === '') continue;
    const name = percentDecode(key);
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [percentDecode(value)]);
    else values.push(percentDecode(value));
  }
  return parameters;
}

/** 20 bytes, each as `%xx`: the form that every tracker understands. Takes the hex digits of an info hash or peer id. */
export function percentEncodeHex(hex: string): string {
  return hex.replace(/../g, '%$&');
}

/** The 20 bytes of a parameter that `parseTrackerQuery` gave. Throws TrackerError when it has another length. */
export function twentyBytes(value: string | undefined, name: string): Buffer {
  const bytes = Buffer.from(value ?? '', 'latin1');
  if (bytes.length !== 20) {
    throw new TrackerError('TRACKER_REQUEST_INVALID', `${name} must have 20 bytes`);
  }
  return bytes;
}

/**
 * The hex form of 20 percent-encoded bytes, as they stand in a query: byte by byte, since a tracker reads thousands a
 * second. Throws TrackerError.
 */
export function twentyBytesHex(encoded: string | undefined, name: string): string {
  const text = encoded ?? '';
  let length = 0;
  for (let at = 0; at < text.length; length++) {
    const code = text.charCodeAt(at);
    if (code === percent) {
      scratch[length] = 16 * hexDigit(text.charCodeAt(at + 1)) + hexDigit(text.charCodeAt(at + 2));
      at += 3;
    } else {
      if (code > 0xff) throw notEncoded();
      scratch[length] = code === plus ? space : code;
      at++;
    }
  }
  if (length === scratch.length) return scratch.toString('hex');
  throw new TrackerError('TRACKER_REQUEST_INVALID', `${name} must have 20 bytes`);
}

const scratch = Buffer.alloc(20);
const percent = 0x25;
const plus = 0x2b;
const space = 0x20;

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = (code | 0x20) - 0x61;
  if (letter >= 0 && letter <= 5) return letter + 10;
  throw notEncoded();
}

/** All info hashes of a query, in their order. Throws TrackerError when one of them has not 20 bytes. */
export function infoHashesOf(parameters: ReadonlyMap<string, readonly string[]>): InfoHash[] {
  const values = parameters.get('info_hash') ?? [];
  return values.map((value) => infoHashOf(twentyBytes(value, 'info_hash')));
}

function percentDecode(text: string): string {
  if (/[^\0-\xff]|%(?![0-9a-f]{2})/i.test(text)) {
    throw notEncoded();
  }
  return text
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function notEncoded(): TrackerError {
  return new TrackerError('TRACKER_REQUEST_INVALID', 'the query is not percent-encoded');
}
