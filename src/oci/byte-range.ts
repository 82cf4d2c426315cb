/** Bytes of a body, `last` included. */
export interface BytePart {
  readonly first: number;
  readonly last: number;
}

/** The bytes of a body that a `Range` header asks for. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & BytePart)
  | { readonly kind: 'unsatisfiable' };

/** As `ByteRange`, where several parts may have been asked for at once. */
export type ByteRanges =
  | ByteRange
  /** Not empty; in the order of the request, without those that lie behind the end. */
  | { readonly kind: 'parts'; readonly parts: readonly BytePart[] };

const whole: ByteRange = { kind: 'whole' };
const unsatisfiable: ByteRange = { kind: 'unsatisfiable' };

/**
 * What a `Range` header (RFC 9110, 14.1.2) means for a body of `size` bytes, to whoever serves one range only. Several
 * ranges at once, other units and what is no range are answered with the whole: a client that asked for several must not
 * take one part for all. A range that ends before it begins is unsatisfiable, as the conformance suite has it.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange {
  const range = parseByteRanges(header, size);
  return range.kind === 'parts' ? whole : range;
}

/**
 * What a `Range` header means, as `parseByteRange` has it, to whoever can serve several ranges. The parts of one answer are
 * never longer together than the body: who asks for more gets the whole, once.
 */
export function parseByteRanges(header: string | undefined, size: number): ByteRanges {
  const list = /^bytes=(.*)$/i.exec(header ?? '')?.[1]?.split(',') ?? [];
  const asked = list.map((text) => text.trim()).filter((text) => text !== '');
  const parts = asked.map((text) => partOf(text, size)).filter((part) => part !== undefined);
  if (asked.length === 0 || parts.length < asked.length) return whole;
  const there = parts.filter(({ first, last }) => first <= last);
  const [only] = there;
  if (only === undefined) return unsatisfiable;
  if (asked.length === 1) return { kind: 'part', ...only };
  const total = there.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return total > size ? whole : { kind: 'parts', parts: there };
}

/** One range; without bytes, `first` above `last`, when it is unsatisfiable. Undefined when it is none. */
function partOf(text: string, size: number): BytePart | undefined {
  const match = /^(\d*)-(\d*)$/.exec(text);
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return undefined;
  if (from === '') return { first: Math.max(0, size - Number(to)), last: size - 1 };
  return { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
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
