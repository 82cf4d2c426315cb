import {
  invalid,
  isJsonObject,
  optionalText,
  parseAnnotations,
  parseDescriptor,
  parseDescriptors,
  type Descriptor,
  type JsonObject,
} from './descriptor.ts';
import { visitKeys } from './json-keys.ts';
import { essenceOf, isIndexType, isManifestType, mediaTypes } from './media-type.ts';
import { OciError } from './oci-error.ts';

export type { Descriptor, Platform } from './descriptor.ts';

interface ManifestBase {
  /** The type to serve it under: its own, or the Content-Type it came with. */
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  /** The manifest that this one is about (distribution-spec, referrers). */
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** One image, or an artifact in an image's form. */
export interface ImageManifest extends ManifestBase {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A list of manifests, mostly one for each platform. */
export interface IndexManifest extends ManifestBase {
  readonly kind: 'index';
  /** All entries, mostly manifests (`manifestsOf`, `blobsOf`). */
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | IndexManifest;

/** Deeper documents than this are refused; real ones need 5. */
const maxDepth = 32;

/** Members that decide what a document, or a descriptor in it, means. */
const decisiveKeys = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
];
const decisiveDescriptorKeys = ['mediaType', 'digest', 'size', 'urls'];
const decisiveByPath: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ['', byLowerCase(decisiveKeys)],
  ...['config', 'subject', 'layers[]', 'manifests[]'].map(
    (path) => [path, byLowerCase(decisiveDescriptorKeys)] as const,
  ),
]);

/**
 * Reads an image manifest or index of Docker's schema 2 or the OCI image-spec. `contentType` is the Content-Type it came
 * with; a document that names its own media type must agree with it. A document that two readers could take for two
 * things is refused (CVE-2021-41190). Throws OciError MANIFEST_INVALID.
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): Manifest {
  const root = parseRoot(bytes);
  const mediaType = mediaTypeOf(root, contentType);
  const base = {
    mediaType,
    artifactType: optionalText(root['artifactType'], 'artifactType'),
    subject: isAbsent(root['subject']) ? undefined : parseDescriptor(root['subject'], 'subject'),
    annotations: parseAnnotations(root['annotations'], 'manifest'),
  };
  if (isIndexType(mediaType)) {
    if ('config' in root || 'layers' in root) throw invalid('index', 'holds config or layers too');
    if (!('manifests' in root)) throw invalid('index', 'has no manifests');
    return {
      kind: 'index',
      ...base,
      manifests: parseDescriptors(root['manifests'], 'manifests'),
    };
  }
  if ('manifests' in root) throw invalid('manifest', 'holds manifests too');
  if (isAbsent(root['config'])) throw invalid('manifest', 'has no config');
  return {
    kind: 'image',
    ...base,
    config: parseDescriptor(root['config'], 'config'),
    layers: parseDescriptors(root['layers'], 'layers'),
  };
}

/**
 * The blobs that a manifest is made of: config and layers of an image, config first; of an index those entries that are
 * no manifests, as BuildKit lists the layers of a cache.
 */
export function blobsOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'image') return [manifest.config, ...manifest.layers];
  return manifest.manifests.filter((entry) => !isManifest(entry));
}

/** The manifests that an index lists; none for an image. */
export function manifestsOf(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? manifest.manifests.filter(isManifest) : [];
}

function isManifest({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

function parseRoot(bytes: Uint8Array): JsonObject {
  let text: string;
  let root: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    root = JSON.parse(text);
  } catch (error) {
    throw new OciError('MANIFEST_INVALID', 'the manifest is not JSON in UTF-8', { cause: error });
  }
  if (!isJsonObject(root)) throw invalid('manifest', 'is not a JSON object');
  refuseAmbiguousKeys(text);
  return root;
}

/**
 * Go's JSON reader ignores letter case, by Unicode's rules (`ſ` is an `s`), and takes the last of equal keys: what it
 * would read must be what we read.
 */
function refuseAmbiguousKeys(text: string): void {
  const seen = new Set<string>();
  try {
    visitKeys(text, maxDepth, (path, key, object) => {
      const lower = key.toUpperCase().toLowerCase();
      const expected = decisiveByPath.get(path)?.get(lower);
      if (expected === undefined) return;
      if (key !== expected) throw invalid('manifest', `has "${key}" for "${expected}"`);
      const member = `${object}.${lower}`;
      if (seen.has(member)) throw invalid('manifest', `has "${key}" twice in one object`);
      seen.add(member);
    });
  } catch (error) {
    if (error instanceof RangeError) throw invalid('manifest', `is ${error.message} levels`);
    throw error;
  }
}

function mediaTypeOf(root: JsonObject, contentType: string | undefined): string {
  const own = optionalText(root['mediaType'], 'mediaType');
  const given = contentType === undefined ? undefined : essenceOf(contentType);
  if (own !== undefined && given !== undefined && own !== given) {
    throw invalid('mediaType', `is ${own}, but it came as ${given}`);
  }
  const byShape = 'manifests' in root ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  const mediaType = own ?? given ?? byShape;
  if (!isManifestType(mediaType) && !isIndexType(mediaType)) {
    throw invalid('mediaType', `${mediaType} is none that this registry keeps`);
  }
  return mediaType;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function byLowerCase(keys: readonly string[]): ReadonlyMap<string, string> {
  return new Map(keys.map((key) => [key.toLowerCase(), key]));
}
