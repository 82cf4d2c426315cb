import { ArchiveError } from './archive-error.ts';
import { parseArchiveJson, stringArray } from './archive-json.ts';
import { isJsonObject } from './descriptor.ts';

/** What Docket reads of an image's config (image-spec, image configuration). */
export interface ImageConfig {
  /** SHA-256 digests of the uncompressed layers, from the lowest up. */
  readonly diffIds: readonly string[];
}

/** Reads an image's config. Throws ArchiveError ARCHIVE_INVALID. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const config = parseArchiveJson(bytes, "the image's config");
  const rootfs = isJsonObject(config) ? config['rootfs'] : undefined;
  if (!isJsonObject(rootfs)) {
    throw new ArchiveError('ARCHIVE_INVALID', "the image's config has no rootfs");
  }
  return { diffIds: stringArray(rootfs['diff_ids'], "the image config's diff_ids") };
}
