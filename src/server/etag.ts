import type { Digest } from '../oci/digest.ts';
import type { Exchange } from './exchange.ts';

/** A digest as an entity tag (RFC 9110, 8.8.3). */
export function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** True when the client says that it has these bytes (`If-None-Match`): then `304` is all it needs. */
export function clientHas({ request }: Exchange, digest: Digest): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  // Docker's own client sends the digest without quotes.
  return header.split(',').some((text) => {
    const tag = text.trim().replace(/^W\//, '');
    return tag === '*' || tag === etagOf(digest) || tag === digest;
  });
}
