import { digestOf, sha256Of, type DigestAlgorithm } from '../../src/oci/digest.ts';

/** A descriptor of bytes. */
export function descriptor(
  mediaType: string,
  bytes: Uint8Array | string,
  more: object = {},
  algorithm: DigestAlgorithm = 'sha256',
) {
  const content = Buffer.from(bytes);
  return { mediaType, digest: digestOf(algorithm, content), size: content.length, ...more };
}

/** A descriptor of a document that names its media type, as `pushManifest` sends it. */
export function child(document: object, more: object = {}, algorithm: DigestAlgorithm = 'sha256') {
  const mediaType = 'mediaType' in document ? String(document.mediaType) : '';
  return descriptor(mediaType, JSON.stringify(document), more, algorithm);
}

/** The SHA-256 digest of a document, as `pushManifest` sends it. */
export function digestOfDocument(document: object) {
  return sha256Of(Buffer.from(JSON.stringify(document)));
}
