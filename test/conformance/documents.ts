import { digestOf, sha256Of, type DigestAlgorithm } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';

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

/** What `image`, `docker` and `artifact` are made of. */
export const blobs = {
  config: Buffer.from('{"rootfs":{"type":"layers","diff_ids":["wrong"]}}'),
  empty: Buffer.from('{}'),
  layer: Buffer.from('a layer'),
  other: Buffer.from('another layer'),
};

export const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor(mediaTypes.ociConfig, blobs.config),
  layers: [descriptor(mediaTypes.ociLayerGzip, blobs.layer)],
};
export const docker = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: descriptor(mediaTypes.dockerConfig, blobs.config),
  layers: [descriptor(mediaTypes.dockerLayerGzip, blobs.layer)],
};
export const artifact = {
  ...image,
  artifactType: 'application/vnd.example.artifact+json',
  config: descriptor(mediaTypes.ociEmpty, blobs.empty),
};

/** An index of `image` and `artifact`. */
export const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [
    child(image, { platform: { architecture: 'amd64', os: 'linux' } }),
    child(artifact, { platform: { architecture: 'unknown', os: 'unknown' } }),
  ],
};
