import { randomBytes } from 'node:crypto';
import type { BytePart } from '../oci/byte-range.ts';

/** Several ranges of one body as `multipart/byteranges` (RFC 9110, 14.6), planned before the first byte is sent. */
export interface MultipartRanges {
  readonly contentType: string;
  /** Bytes of the whole answer. */
  readonly length: number;
  /** What stands before the bytes of each part. */
  readonly parts: readonly (BytePart & { readonly head: string })[];
  /** What ends the answer. */
  readonly end: string;
}

/** Plans the answer with `parts` of a body of `size` bytes and the type `mediaType`. */
export function multipartRanges(
  parts: readonly BytePart[],
  size: number,
  mediaType: string,
): MultipartRanges {
  // Nobody can have put it into the bytes.
  const boundary = randomBytes(16).toString('hex');
  const planned = parts.map(({ first, last }, index) => ({
    first,
    last,
    head:
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${mediaType}\r\n` +
      `Content-Range: bytes ${first}-${last}/${size}\r\n\r\n`,
  }));
  const end = `\r\n--${boundary}--\r\n`;
  const length = planned.reduce(
    (sum, { first, last, head }) => sum + head.length + last - first + 1,
    end.length,
  );
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    length,
    parts: planned,
    end,
  };
}
