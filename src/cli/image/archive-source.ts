import { ArchiveError } from '../../oci/archive-error.ts';
import { chooseManifest, namedManifests, parseLayoutIndex } from '../../oci/archive-index.ts';
import { chooseArchiveImage, parseArchiveManifest } from '../../oci/archive-manifest.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { ComposedSource, type Workshop } from './composed-source.ts';
import type { ImageSource } from './image-source.ts';
import { layoutGraph, type LayoutGraph } from './layout-graph.ts';
import { LayoutSource } from './layout-source.ts';
import type { SpooledArchive } from './spooled-archive.ts';
import type { LayoutFiles } from './layout-files.ts';

/** The image that is wanted of an archive or folder that may hold several. */
export interface WantedImage {
  /** `image:tag` as the user wrote it. */
  readonly name: string;
  readonly tag: string | undefined;
}

const largestDocument = 4 * 1024 * 1024;

/** The wanted image of an OCI layout, exactly as it is. Throws ArchiveError. */
export async function openLayout(files: LayoutFiles, wanted: WantedImage): Promise<ImageSource> {
  const listed = await listedManifests(files);
  if (listed === undefined) {
    throw new ArchiveError(
      'ARCHIVE_INVALID',
      'this is no image: neither manifest.json (docker save) nor index.json (OCI layout) is there',
    );
  }
  const root = chooseManifest(listed, wanted.name, wanted.tag);
  return new LayoutSource(await layoutGraph(files, root));
}

/**
 * The wanted image of an archive: of `docker save` of any version, podman, or an OCI layout. One that has a manifest and
 * compressed layers of its own is taken exactly as it is. `expectedId` is the ID that the engine gave for it. The source
 * takes over the workshop's spool and removes it when it is closed. Throws ArchiveError.
 */
export async function openArchive(
  archive: SpooledArchive,
  wanted: WantedImage,
  workshop: Workshop,
  expectedId?: string,
): Promise<ImageSource> {
  const release = (): Promise<void> => workshop.spool.close();
  const listed = await listedManifests(archive);
  const bytes = await archive.document('manifest.json', largestDocument);
  if (bytes === undefined) {
    if (listed === undefined) return openLayout(archive, wanted);
    const root = chooseManifest(listed, wanted.name, wanted.tag);
    return new LayoutSource(await layoutGraph(archive, root), release);
  }
  const image = chooseArchiveImage(parseArchiveManifest(bytes), wanted.name);
  const composed = await ComposedSource.open(archive, image, workshop);
  const roots = listed ?? [];
  checkId(expectedId, [composed.configDigest, ...roots.map(({ digest }) => digest)]);
  const graph = await verbatimGraph(archive, roots, wanted, composed.configDigest);
  return graph === undefined ? composed : new LayoutSource(graph, release);
}

async function listedManifests(files: LayoutFiles): Promise<readonly Descriptor[] | undefined> {
  const bytes = await files.document('index.json', largestDocument);
  return bytes === undefined ? undefined : parseLayoutIndex(bytes);
}

/**
 * The image's own manifests, when they are whole, hold the config that `manifest.json` names, and their layers are
 * compressed. Docker 25 wrote manifests without layers (moby#47065), 25 and later ones with uncompressed layers, and
 * with containerd's store parts of an index may be absent: then `manifest.json` is what counts.
 */
async function verbatimGraph(
  archive: SpooledArchive,
  listed: readonly Descriptor[],
  wanted: WantedImage,
  configDigest: Digest,
): Promise<LayoutGraph | undefined> {
  const named = namedManifests(listed, wanted.name, wanted.tag);
  const [root, ...others] = named.length > 0 ? named : listed;
  if (root === undefined || others.some(({ digest }) => digest !== root.digest)) return undefined;
  try {
    const graph = await layoutGraph(archive, root);
    const images = graph.manifests.flatMap(({ manifest }) =>
      manifest.kind === 'image' ? [manifest] : [],
    );
    const packed = images.every(
      ({ layers }) => layers.length > 0 && !layers.some((layer) => isPlainTar(layer.mediaType)),
    );
    const holdsConfig = images.some(({ config }) => config.digest === configDigest);
    return packed && holdsConfig ? graph : undefined;
  } catch (error) {
    if (error instanceof ArchiveError) return undefined;
    throw error;
  }
}

function isPlainTar(mediaType: string): boolean {
  return mediaType === mediaTypes.ociLayer || mediaType === mediaTypes.dockerLayer;
}

function checkId(expectedId: string | undefined, ids: readonly Digest[]): void {
  if (expectedId === undefined) return;
  const expected = expectedId.startsWith('sha256:') ? expectedId : `sha256:${expectedId}`;
  if (ids.some((id) => id === expected)) return;
  throw new ArchiveError(
    'ARCHIVE_DIGEST_MISMATCH',
    `the engine gave an image with the ID ${ids.join(' or ')} (expected ${expected})`,
  );
}
