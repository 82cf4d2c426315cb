import { parseArchiveJson } from '../../oci/archive-json.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { blobsOf, type Descriptor } from '../../oci/manifest.ts';
import { isNonDistributable } from '../../oci/media-type.ts';
import type { Repository } from '../../oci/reference.ts';
import { CliError } from '../cli-error.ts';
import { eachLimited } from '../each-limited.ts';
import { smallFile } from '../image/file-bytes.ts';
import type { StoredFile } from '../image/image-source.ts';
import { blobsAtOnce } from '../image/layout-source.ts';
import type { Progress } from '../terminal/progress.ts';
import type { BlobSource } from './blob-source.ts';
import { formatPlatform, matchesPlatform, type WantedPlatform } from './platform.ts';
import { PullProgress } from './pull-progress.ts';
import type { StallWatch } from './stall-watch.ts';
import type { ResolvedImage } from './resolve-image.ts';

const largestConfig = 8 * 1024 * 1024;

/**
 * Fetches all blobs of an image. Layers that may not be distributed cannot be had from a registry: such an image is
 * refused before anything is fetched.
 */
export async function fetchBlobs(
  image: ResolvedImage,
  repository: Repository,
  source: BlobSource,
  progress: Progress,
  stalls: StallWatch,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, StoredFile>> {
  const wanted = new Map<Digest, Descriptor>();
  for (const blob of blobsOf(image.manifest)) {
    if (isNonDistributable(blob.mediaType)) {
      throw new CliError(
        'WRONG_CONTENT',
        `the layer ${blob.digest} may not be distributed, so the image cannot be pulled whole`,
      );
    }
    wanted.set(blob.digest, blob);
  }
  const blobs = [...wanted.values()];
  const shown = new PullProgress(
    progress,
    blobs.reduce((sum, { size }) => sum + size, 0),
  );
  const came = new Map<Digest, number>();
  const files = new Map<Digest, StoredFile>();
  await eachLimited(blobs, blobsAtOnce, signal, async (blob, either) => {
    const line = shown.line(blob);
    const file = await source.fetch(
      repository,
      blob,
      (state) => {
        line.update(state);
        came.set(blob.digest, state.verified + state.bytesFromPeers + state.bytesFromRegistry);
        stalls.came([...came.values()].reduce((sum, bytes) => sum + bytes, 0));
      },
      either,
    );
    files.set(blob.digest, file);
    line.done();
  });
  progress.total('');
  // In the manifest's order, so that the same image gives the same archive.
  return new Map(blobs.map(({ digest }) => [digest, files.get(digest) as StoredFile]));
}

/** Makes sure that an image which no index chose is for the platform that was asked for. Throws CliError PLATFORM_UNKNOWN. */
export async function checkPlatform(config: StoredFile, wanted: WantedPlatform): Promise<void> {
  const name = "the image's config";
  const value = parseArchiveJson(await smallFile(config, largestConfig, name), name);
  if (!isJsonObject(value)) return;
  const { os, architecture, variant } = value;
  if (typeof os !== 'string' || typeof architecture !== 'string') return;
  const platform = { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) };
  if (matchesPlatform(platform, wanted)) return;
  throw new CliError(
    'PLATFORM_UNKNOWN',
    `the image is for ${formatPlatform({ ...platform, variant: platform.variant })} (wanted was ${formatPlatform(wanted)})`,
  );
}
