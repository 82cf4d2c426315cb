import { isDigest, type Digest } from './digest.ts';
import { OciError } from './oci-error.ts';

/** The machine that a manifest in an index is for (image-spec). */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

/** A pointer to a blob or manifest (image-spec, OCI content descriptors). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly urls?: readonly string[];
  readonly artifactType?: string;
}

/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * `value`, which stood at `where`, as a descriptor. Unknown members are ignored. Throws OciError MANIFEST_INVALID when a
 * member has a wrong form: a size must be a whole number from 0 to 2^53 - 1.
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isJsonObject(value)) throw invalid(where, 'is not an object');
  const { digest, size, platform, urls } = value;
  const mediaType = optionalText(value['mediaType'], `${where}.mediaType`);
  if (mediaType === undefined || mediaType === '') throw invalid(where, 'has no mediaType');
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(where, 'has no valid digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(where, 'has no valid size');
  }
  const artifactType = optionalText(value['artifactType'], `${where}.artifactType`);
  const annotations = parseAnnotations(value['annotations'], where);
  return {
    mediaType,
    digest,
    size,
    ...(platform === undefined || platform === null
      ? {}
      : { platform: parsePlatform(platform, `${where}.platform`) }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(urls === undefined || urls === null ? {} : { urls: parseUrls(urls, `${where}.urls`) }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

/** The descriptors of an array that stood at `where`; Go programs write an empty one as null. Throws OciError MANIFEST_INVALID. */
export function parseDescriptors(value: unknown, where: string): readonly Descriptor[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(where, 'is not an array');
  return value.map((item, index) => parseDescriptor(item, `${where}[${index}]`));
}

/** The `annotations` of the object at `where`. Throws OciError MANIFEST_INVALID unless all values are strings. */
export function parseAnnotations(
  value: unknown,
  where: string,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw invalid(`${where}.annotations`, 'is not an object');
  for (const text of Object.values(value)) {
    if (typeof text !== 'string') throw invalid(`${where}.annotations`, 'holds more than strings');
  }
  return value as Readonly<Record<string, string>>;
}

/** `value` as a string, or undefined when it is absent. Throws OciError MANIFEST_INVALID. */
export function optionalText(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(where, 'is not a string');
  return value;
}

/** The error for a document whose part `where` is wrong. */
export function invalid(where: string, what: string): OciError {
  return new OciError('MANIFEST_INVALID', `${where} ${what}`);
}

function parsePlatform(value: unknown, where: string): Platform {
  if (!isJsonObject(value)) throw invalid(where, 'is not an object');
  const variant = optionalText(value['variant'], `${where}.variant`);
  const osVersion = optionalText(value['os.version'], `${where}.os.version`);
  return {
    architecture: optionalText(value['architecture'], `${where}.architecture`) ?? '',
    os: optionalText(value['os'], `${where}.os`) ?? '',
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
  };
}

function parseUrls(value: unknown, where: string): readonly string[] {
  if (!Array.isArray(value) || !value.every((url) => typeof url === 'string')) {
    throw invalid(where, 'is not an array of strings');
  }
  return value;
}
