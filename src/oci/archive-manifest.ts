import { ArchiveError } from './archive-error.ts';
import { parseArchiveJson, stringArray } from './archive-json.ts';
import { archivePath, type ArchivePath } from './archive-path.ts';
import { isJsonObject } from './descriptor.ts';
import { isDigest, type Digest } from './digest.ts';
import { sameImageName } from './image-name.ts';

/** One image of a `docker save` archive, as its `manifest.json` lists it. */
export interface ArchiveImage {
  readonly config: ArchivePath;
  /** The digest that the config's name gives it, when the name is one. */
  readonly configDigest: Digest | undefined;
  readonly repoTags: readonly string[];
  /** From the lowest layer up. */
  readonly layers: readonly ArchivePath[];
}

/**
 * The images that a `manifest.json` lists (`docker save` of every version, podman, crane, kaniko). Throws ArchiveError
 * ARCHIVE_INVALID when it has another form, or names a path outside of the archive.
 */
export function parseArchiveManifest(bytes: Uint8Array): readonly ArchiveImage[] {
  const list = parseArchiveJson(bytes, 'manifest.json');
  if (!Array.isArray(list)) throw invalid('is not an array');
  return list.map((item: unknown, index) => {
    if (!isJsonObject(item)) throw invalid(`[${index}] is not an object`);
    const config = item['Config'];
    if (typeof config !== 'string' || config === '') throw invalid(`[${index}] has no Config`);
    return {
      config: archivePath(config),
      configDigest: digestInName(config),
      repoTags: stringArray(item['RepoTags'], `manifest.json[${index}].RepoTags`),
      layers: stringArray(item['Layers'], `manifest.json[${index}].Layers`).map(archivePath),
    };
  });
}

/**
 * The image that `wanted` names; an archive of one image holds what is wanted whatever that is called there. Throws
 * ArchiveError ARCHIVE_IMAGE_UNKNOWN.
 */
export function chooseArchiveImage(images: readonly ArchiveImage[], wanted: string): ArchiveImage {
  const [first] = images;
  if (first !== undefined && images.length === 1) return first;
  const found = images.find((image) => image.repoTags.some((tag) => sameImageName(tag, wanted)));
  if (found !== undefined) return found;
  const held = images.flatMap((image) => image.repoTags);
  throw new ArchiveError(
    'ARCHIVE_IMAGE_UNKNOWN',
    `the archive holds ${images.length} images (${held.join(', ') || 'none with a name'}), but none is ${wanted}`,
  );
}

/** `<hex>.json` (docker until 24), `blobs/sha256/<hex>` (docker since 25), `sha256:<hex>` (crane, kaniko). */
function digestInName(name: string): Digest | undefined {
  const hex = /(?:^|\/|^sha256:)([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  const digest = `sha256:${hex ?? ''}`;
  return isDigest(digest) ? digest : undefined;
}

function invalid(what: string): ArchiveError {
  return new ArchiveError('ARCHIVE_INVALID', `manifest.json ${what}`);
}
