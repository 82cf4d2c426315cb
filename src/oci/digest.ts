import { createHash } from 'node:crypto';
import { OciError } from './oci-error.ts';

/** The hash algorithms that Docket keeps blobs by (image-spec, registered algorithms). */
export const digestAlgorithms = ['sha256', 'sha512'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** What names a blob or manifest: `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. Safe as a part of a path. */
export type Digest = string & { readonly __brand: 'Digest' };

/** True when `text` is a digest by the image-spec's grammar and of an algorithm that Docket knows. */
export function isDigest(text: string): text is Digest {
  return /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** `text` as a digest. Throws OciError DIGEST_INVALID. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const shown = text.length > 140 ? `${text.slice(0, 140)}…` : text;
  throw new OciError(
    'DIGEST_INVALID',
    `"${shown}" is not a digest: expected sha256:<64 hex digits> or sha512:<128 hex digits>`,
  );
}

export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return (digestAlgorithms as readonly string[]).includes(text);
}

/** `sha256` or `sha512`. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;
}

/** The hex digits alone. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** `sha256-<hex>`: the digest as a file name and as a torrent's name. */
export function digestFileName(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest)}`;
}

/** The digest with these hex digits. Throws OciError DIGEST_INVALID when they are not as long as the algorithm's. */
export function digestFromHex(algorithm: DigestAlgorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`);
}

/** The digest of bytes in memory. */
export function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array): Digest {
  return digestFromHex(algorithm, createHash(algorithm).update(bytes).digest('hex'));
}

/** The SHA-256 digest of bytes in memory. */
export function sha256Of(bytes: Uint8Array): Digest {
  return digestOf('sha256', bytes);
}

const nothing = new Uint8Array();
const emptyDigests: ReadonlySet<Digest> = new Set(
  digestAlgorithms.map((algorithm) => digestOf(algorithm, nothing)),
);

/** True for the digest of no bytes. */
export function isEmptyDigest(digest: Digest): boolean {
  return emptyDigests.has(digest);
}
