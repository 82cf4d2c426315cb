import { nameAnnotations } from './archive-index.ts';
import { digestAlgorithm, digestHex, type Digest } from './digest.ts';
import { fullImageName } from './image-name.ts';
import type { ImageManifest } from './manifest.ts';
import { mediaTypes } from './media-type.ts';

/** An image as it goes into an archive or a layout. */
export interface LayoutImage {
  readonly manifest: ImageManifest;
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly size: number;
  /** `image:tag` as the user wrote it; undefined when it was named by digest alone. */
  readonly name: string | undefined;
  readonly tag: string | undefined;
}

/** The text of an OCI layout's `oci-layout` file (image-spec). */
export const layoutMarker = JSON.stringify({ imageLayoutVersion: '1.0.0' });

/** `blobs/sha256/<hex>`: where a layout keeps a blob. */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** One entry of an `index.json`, with the names by which containerd, docker and podman find the image. */
export function indexEntry(image: LayoutImage): Readonly<Record<string, unknown>> {
  const annotations = {
    ...(image.name === undefined ? {} : { [nameAnnotations.imageName]: fullImageName(image.name) }),
    ...(image.tag === undefined ? {} : { [nameAnnotations.refName]: image.tag }),
  };
  return {
    mediaType: image.manifest.mediaType,
    digest: image.digest,
    size: image.size,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

/** The `index.json` that lists these entries. */
export function layoutIndex(entries: readonly unknown[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries });
}

/** The `manifest.json` by which `docker load` of every version finds the image in a layout (its `Layers` are blobs). */
export function archiveManifest(image: LayoutImage): string {
  return JSON.stringify([
    {
      Config: blobPath(image.manifest.config.digest),
      RepoTags: image.name === undefined ? null : [image.name],
      Layers: image.manifest.layers.map((layer) => blobPath(layer.digest)),
    },
  ]);
}
