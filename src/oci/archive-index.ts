import { ArchiveError } from './archive-error.ts';
import type { Descriptor } from './descriptor.ts';
import { sameImageName } from './image-name.ts';
import { parseManifest } from './manifest.ts';
import { mediaTypes } from './media-type.ts';

/** The annotations by which an `index.json` names its images. */
export const nameAnnotations = {
  /** A tag, or a whole name (image-spec). */
  refName: 'org.opencontainers.image.ref.name',
  /** A whole name (containerd, docker since 25). */
  imageName: 'io.containerd.image.name',
} as const;

/** The manifests that an OCI layout's `index.json` lists. Throws ArchiveError ARCHIVE_INVALID. */
export function parseLayoutIndex(bytes: Uint8Array): readonly Descriptor[] {
  try {
    const index = parseManifest(bytes, mediaTypes.ociIndex);
    if (index.kind === 'index') return index.manifests;
  } catch (error) {
    throw new ArchiveError('ARCHIVE_INVALID', `index.json: ${(error as Error).message}`, {
      cause: error,
    });
  }
  throw new ArchiveError('ARCHIVE_INVALID', 'index.json lists no manifests');
}

/** The manifests of `listed` that are named `image:tag`, by the whole name before the tag alone. */
export function namedManifests(
  listed: readonly Descriptor[],
  image: string,
  tag: string | undefined,
): readonly Descriptor[] {
  const byName = listed.filter((descriptor) =>
    Object.values(nameAnnotations).some((key) => {
      const name = descriptor.annotations?.[key];
      return name !== undefined && /[/:]/.test(name) && sameImageName(name, image);
    }),
  );
  if (byName.length > 0) return byName;
  return listed.filter(
    (descriptor) => tag !== undefined && descriptor.annotations?.[nameAnnotations.refName] === tag,
  );
}

/**
 * The manifest of an OCI layout that `image`, with `tag`, names: the one with that name or tag, or the only one there is.
 * Throws ArchiveError ARCHIVE_IMAGE_UNKNOWN.
 */
export function chooseManifest(
  listed: readonly Descriptor[],
  image: string,
  tag: string | undefined,
): Descriptor {
  const named = namedManifests(listed, image, tag);
  const candidates = new Map(
    (named.length > 0 ? named : listed).map((descriptor) => [descriptor.digest, descriptor]),
  );
  const [only] = candidates.values();
  if (only !== undefined && candidates.size === 1) return only;
  throw new ArchiveError(
    'ARCHIVE_IMAGE_UNKNOWN',
    only === undefined
      ? 'the layout lists no image'
      : `the layout lists ${candidates.size} images (${namesOf(listed)}), and ${image} does not name one of them`,
  );
}

function namesOf(listed: readonly Descriptor[]): string {
  return listed
    .map(
      ({ annotations, digest }) =>
        annotations?.[nameAnnotations.imageName] ??
        annotations?.[nameAnnotations.refName] ??
        digest,
    )
    .join(', ');
}
