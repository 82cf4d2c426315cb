import { isIndexType, isManifestType } from '../../oci/media-type.ts';
import type { Descriptor, Platform } from '../../oci/manifest.ts';
import { CliError } from '../cli-error.ts';
import { UsageError } from '../usage-error.ts';

/** The machine that an image is wanted for. */
export interface WantedPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

/** Node's names for architectures, where Go's differ. */
const architectureNames: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

/** Usual other names for architectures. */
const architectureAliases: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  armhf: 'arm',
  i386: '386',
};

/** What a manifest without a variant is for. */
const usualVariants: Readonly<Record<string, string>> = { arm: 'v7', arm64: 'v8', amd64: 'v1' };

/** The platform of containers on a machine of Node's `architecture`; they run on Linux, also on a Mac. */
export function hostPlatform(architecture: string): WantedPlatform {
  return {
    os: 'linux',
    architecture: architectureNames[architecture] ?? architecture,
    variant: undefined,
  };
}

/** Reads `os/architecture[/variant]`, or an architecture alone. Throws UsageError. */
export function parsePlatform(text: string): WantedPlatform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new UsageError(
      `"${text}" is not a platform: expected one like linux/amd64 or linux/arm/v7`,
    );
  }
  const [first = '', second, variant] = parts;
  const [os, architecture] = second === undefined ? ['linux', first] : [first, second];
  return { os, architecture: architectureAliases[architecture] ?? architecture, variant };
}

export function formatPlatform({ os, architecture, variant }: WantedPlatform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** Whether an image for `platform` is what is wanted. A missing variant means the usual one. */
export function matchesPlatform(
  platform: Pick<Platform, 'os' | 'architecture' | 'variant'>,
  wanted: WantedPlatform,
): boolean {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return false;
  const usual = usualVariants[wanted.architecture];
  return (platform.variant ?? usual) === (wanted.variant ?? usual);
}

/**
 * The manifest of an index that is for the wanted platform: of those with its system and architecture the one with its
 * variant, or, when no variant was asked for, the only or first of them. An entry without a platform is taken when it
 * is the only one. Throws CliError PLATFORM_UNKNOWN.
 */
export function choosePlatform(
  manifests: readonly Descriptor[],
  wanted: WantedPlatform,
): Descriptor {
  const images = manifests.filter(
    ({ mediaType, platform }) =>
      isIndexType(mediaType) || (isManifestType(mediaType) && platform?.os !== 'unknown'),
  );
  const exact = images.find(
    ({ platform }) => platform !== undefined && matchesPlatform(platform, wanted),
  );
  if (exact !== undefined) return exact;
  const near = images.find(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  if (near !== undefined && wanted.variant === undefined) return near;
  const [only] = images;
  if (only !== undefined && images.length === 1 && only.platform === undefined) return only;
  const held = images.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform({ ...platform, variant: platform.variant })],
  );
  throw new CliError(
    'PLATFORM_UNKNOWN',
    `the image is not there for ${formatPlatform(wanted)} (it is there for ${held.join(', ') || 'none'})`,
    { hint: 'Name another platform with --platform.' },
  );
}
