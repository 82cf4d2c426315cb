/** What a 206 answer holds: bytes `first` to `last`, both included, of `total`. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number;
}

/** The value of a `Content-Range` header (RFC 9110 §14.4), or undefined unless it names a range and the whole length. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/i.exec(value?.trim() ?? '');
  if (match === null) return undefined;
  const [first, last, total] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (!Number.isSafeInteger(total) || first > last || last >= total) return undefined;
  return { first, last, total };
}
