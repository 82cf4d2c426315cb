import { ArchiveError } from './archive-error.ts';
import { parseArchiveJson, stringArray } from './archive-json.ts';
import { isJsonObject } from './descriptor.ts';

/** What Docket reads of an image's config (image-spec, image configuration). */
export interface ImageConfig {
  /** SHA-256 digests of the uncompressed layers, from the lowest up. */
  readonly diffIds: readonly string[];
  /** True when it says something that only Docker's format knows: podman drops it from an image of OCI types. */
  readonly isDockerOnly: boolean;
}

const dockerOnly = ['Healthcheck', 'OnBuild', 'Shell'];

/** Reads an image's config. Throws ArchiveError ARCHIVE_INVALID. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const config = parseArchiveJson(bytes, "the image's config");
  const rootfs = isJsonObject(config) ? config['rootfs'] : undefined;
  if (!isJsonObject(rootfs)) {
    throw new ArchiveError('ARCHIVE_INVALID', "the image's config has no rootfs");
  }
  const run = isJsonObject(config) ? config['config'] : undefined;
  return {
    diffIds: stringArray(rootfs['diff_ids'], "the image config's diff_ids"),
    isDockerOnly: isJsonObject(run) && dockerOnly.some((key) => isSaid(run[key])),
  };
}

/** Go writes what was not said as null or an empty list. */
function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}
