import { parseManifest, type ImageManifest } from './manifest.ts';
import { mediaTypes } from './media-type.ts';
import type { Descriptor } from './descriptor.ts';

/** How a layer's bytes are packed. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** The longest prefix that `compressionOf` needs. */
export const compressionMagicLength = 4;

/** Tells a layer's compression by its first bytes; anything but gzip and zstd counts as uncompressed. */
export function compressionOf(start: Uint8Array): LayerCompression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd)
    return 'zstd';
  return 'none';
}

/** A layer as a registry is to hold it. */
export interface PackedLayer extends Pick<Descriptor, 'digest' | 'size'> {
  readonly compression: Exclude<LayerCompression, 'none'>;
}

/**
 * The manifest of an image that comes without one: with the types of the OCI image-spec, which all tools read, or, when
 * its config holds what only Docker knows (`isDockerOnly`), with those of Docker's schema 2. That has none for zstd.
 */
export function composeManifest(
  config: Pick<Descriptor, 'digest' | 'size'>,
  layers: readonly PackedLayer[],
  isDockerOnly: boolean,
): { readonly bytes: Uint8Array; readonly manifest: ImageManifest } {
  const oci = !isDockerOnly || layers.some((layer) => layer.compression === 'zstd');
  const document = {
    schemaVersion: 2,
    mediaType: oci ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    config: {
      mediaType: oci ? mediaTypes.ociConfig : mediaTypes.dockerConfig,
      digest: config.digest,
      size: config.size,
    },
    layers: layers.map((layer) => ({
      mediaType: layerType(layer, oci),
      digest: layer.digest,
      size: layer.size,
    })),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const manifest = parseManifest(bytes);
  if (manifest.kind !== 'image') throw new TypeError('composed no image');
  return { bytes, manifest };
}

function layerType(layer: PackedLayer, oci: boolean): string {
  if (!oci) return mediaTypes.dockerLayerGzip;
  return layer.compression === 'zstd' ? mediaTypes.ociLayerZstd : mediaTypes.ociLayerGzip;
}
