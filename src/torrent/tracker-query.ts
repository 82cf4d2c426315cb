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

/** All info hashes of a query, in their order. Throws TrackerError when one of them has not 20 bytes. */
export function infoHashesOf(parameters: ReadonlyMap<string, readonly string[]>): InfoHash[] {
  const values = parameters.get('info_hash') ?? [];
  return values.map((value) => infoHashOf(twentyBytes(value, 'info_hash')));
}

function percentDecode(text: string): string {
  if (/[^\0-\xff]|%(?![0-9a-f]{2})/i.test(text)) {
    throw new TrackerError('TRACKER_REQUEST_INVALID', 'the query is not percent-encoded');
  }
  return text
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
