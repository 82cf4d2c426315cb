/** What a `Range` header asks of a blob: all of it, some bytes (both ends included), or none that it has. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly first: number; readonly last: number }
  | { readonly kind: 'outside' };

const whole: ByteRange = { kind: 'whole' };
const outside: ByteRange = { kind: 'outside' };

/**
 * Reads a `Range` header (RFC 9110 §14.2) for a blob of `size` bytes. Several ranges, and other units, get the whole: a
 * single part would be taken for the first of them. A range that ends before it begins counts as outside, as the
 * distribution-spec's conformance suite has it.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange {
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (from === '' && to === '') return whole;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? outside : { kind: 'part', first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return first > last ? outside : { kind: 'part', first, last };
}
