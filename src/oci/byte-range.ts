/** The bytes of a body that a `Range` header asks for; `last` is included. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly first: number; readonly last: number }
  | { readonly kind: 'unsatisfiable' };

const whole: ByteRange = { kind: 'whole' };
const unsatisfiable: ByteRange = { kind: 'unsatisfiable' };

/**
 * What a `Range` header (RFC 9110, 14.1.2) means for a body of `size` bytes. Several ranges at once, other units and what
 * is no range are answered with the whole: a client that asked for several must not take one part for all. A range that
 * ends before it begins is unsatisfiable, as the conformance suite has it.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return whole;
  if (from === '') return part(Math.max(0, size - Number(to)), size - 1);
  return part(Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1));

  function part(first: number, last: number): ByteRange {
    return first > last || first >= size ? unsatisfiable : { kind: 'part', first, last };
  }
}

/**
 * Where a chunk of an upload belongs: `first-last`, without a unit (distribution-spec end-5), or in the form of RFC 9110.
 * Undefined when the header is neither.
 */
export function parseUploadRange(
  header: string,
): { readonly first: number; readonly last: number } | undefined {
  const match = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(header.trim());
  const first = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? Number.NaN);
  return Number.isSafeInteger(last) && first <= last ? { first, last } : undefined;
}
