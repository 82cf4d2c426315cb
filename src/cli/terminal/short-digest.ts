import { digestHex, type Digest } from '../../oci/digest.ts';

/** The first 12 digits, as docker shows digests. */
export function shortDigest(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}
