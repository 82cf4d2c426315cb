import type { Digest } from '../../oci/digest.ts';
import { manifestsOf, parseManifest, type ImageManifest } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import { CliError } from '../cli-error.ts';
import type { RegistryClient } from '../remote/registry-client.ts';
import { choosePlatform, type WantedPlatform } from './platform.ts';

/** An image's manifest as the registry has it. */
export interface ResolvedImage {
  /** What the name stands for: of an index when it names one. */
  readonly rootDigest: Digest;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly manifest: ImageManifest;
  /** True when an index said that this one is for the wanted platform. */
  readonly chosen: boolean;
}

const deepestIndex = 4;

/** The manifest that a tag or digest stands for at the registry; of an index, the one for the wanted platform. */
export async function resolveImage(
  registry: RegistryClient,
  repository: Repository,
  reference: string,
  wanted: WantedPlatform,
  signal: AbortSignal,
): Promise<ResolvedImage> {
  let found = await registry.manifest(repository, reference, signal);
  const rootDigest = found.digest;
  for (let depth = 0; depth < deepestIndex; depth++) {
    const manifest = parseManifest(found.bytes, found.mediaType);
    if (manifest.kind === 'image') {
      const { digest, bytes } = found;
      return { rootDigest, digest, bytes, manifest, chosen: depth > 0 };
    }
    const { digest } = choosePlatform(manifestsOf(manifest), wanted);
    found = await registry.manifest(repository, digest, signal);
  }
  throw new CliError('WRONG_CONTENT', `the index ${rootDigest} is nested too deep`);
}
