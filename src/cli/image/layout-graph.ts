import { messageOf } from '../../base/errors.ts';
import { ArchiveError } from '../../oci/archive-error.ts';
import { digestAlgorithm, digestOf, type Digest } from '../../oci/digest.ts';
import {
  blobsOf,
  manifestsOf,
  parseManifest,
  type Descriptor,
  type Manifest,
} from '../../oci/manifest.ts';
import { isNonDistributable } from '../../oci/media-type.ts';
import { smallFile } from './file-bytes.ts';
import type { SourceBlob, SourceManifest } from './image-source.ts';
import type { LayoutFiles } from './layout-files.ts';

/** An image or index of a layout with all that hangs on it. */
export interface LayoutGraph {
  /** Those that an index lists before the index itself; the root last. */
  readonly manifests: readonly (SourceManifest & { readonly manifest: Manifest })[];
  /** Each blob once. */
  readonly blobs: readonly SourceBlob[];
}

/** Registries take manifests up to this size. */
const largestManifest = 4 * 1024 * 1024;
const deepest = 8;
const mostManifests = 10_000;

/**
 * Everything that `root` reaches in a layout. Throws ArchiveError when a manifest or blob is absent, or differs in size,
 * or a manifest in digest.
 */
export async function layoutGraph(files: LayoutFiles, root: Descriptor): Promise<LayoutGraph> {
  const manifests = new Map<Digest, SourceManifest & { readonly manifest: Manifest }>();
  const blobs = new Map<Digest, SourceBlob>();

  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (manifests.has(descriptor.digest)) return;
    if (depth > deepest || manifests.size >= mostManifests) {
      throw new ArchiveError('ARCHIVE_INVALID', 'the index is nested too deep or too large');
    }
    const bytes = await manifestBytes(files, descriptor);
    const manifest = readManifest(bytes, descriptor);
    for (const child of manifestsOf(manifest)) await visit(child, depth + 1);
    for (const blob of blobsOf(manifest)) {
      const found = await wholeBlob(files, blob);
      if (found !== undefined) blobs.set(blob.digest, found);
    }
    const { digest } = descriptor;
    manifests.set(digest, { digest, mediaType: manifest.mediaType, bytes, manifest });
  };
  await visit(root, 0);
  return { manifests: [...manifests.values()], blobs: [...blobs.values()] };
}

async function manifestBytes(files: LayoutFiles, descriptor: Descriptor): Promise<Uint8Array> {
  const { digest } = descriptor;
  const file = await files.blob(digest);
  if (file === undefined) throw absent('manifest', digest);
  const bytes = await smallFile(file, largestManifest, `the manifest ${digest}`);
  const actual = digestOf(digestAlgorithm(digest), bytes);
  if (actual !== digest) {
    throw new ArchiveError(
      'ARCHIVE_DIGEST_MISMATCH',
      `the image's manifest ${digest} has the digest ${actual}`,
    );
  }
  return bytes;
}

function readManifest(bytes: Uint8Array, descriptor: Descriptor): Manifest {
  try {
    return parseManifest(bytes, descriptor.mediaType);
  } catch (error) {
    throw new ArchiveError(
      'ARCHIVE_INVALID',
      `the image's manifest ${descriptor.digest}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Layers that may not be distributed may be absent: a registry does not ask for them. */
async function wholeBlob(
  files: LayoutFiles,
  { digest, size, mediaType }: Descriptor,
): Promise<SourceBlob | undefined> {
  const file = await files.blob(digest);
  if (file === undefined) {
    if (isNonDistributable(mediaType)) return undefined;
    throw absent('blob', digest);
  }
  if (file.size !== size) {
    throw new ArchiveError(
      'ARCHIVE_DIGEST_MISMATCH',
      `the image's blob ${digest} has ${file.size} bytes (its manifest says ${size})`,
    );
  }
  return { ...file, digest };
}

function absent(what: string, digest: Digest): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_BLOB_ABSENT',
    `the image's ${what} ${digest} is absent: the archive or folder does not hold the whole image`,
  );
}
