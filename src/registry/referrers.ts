import { digestAlgorithm, digestHex, type Digest } from '../oci/digest.ts';
import { parseManifest, type Descriptor } from '../oci/manifest.ts';
import { parseTag, type Repository } from '../oci/reference.ts';
import type { Catalog, ManifestRecord } from '../storage/catalog.ts';
import { largestManifest } from './manifests.ts';

/** What of a subject's referrers is wanted. */
export interface ReferrersQuery {
  /** Only what comes after this digest. */
  readonly after?: string | undefined;
  /** The most referrers that are looked at. */
  readonly limit: number;
  /** Only referrers of this type; a page may be short of the others then. */
  readonly artifactType?: string | undefined;
}

/** A page of referrers, in the order of their digests. */
export interface Referrers {
  readonly descriptors: readonly Descriptor[];
  /** When more follow: the digest after which they do. */
  readonly last: Digest | undefined;
}

/** A page ends when the manifests that were read for it are as long together: each may be a megabyte of annotations. */
const mostBytes = largestManifest;
/** Manifests that are in memory together. */
const readAtATime = 16;

/**
 * The manifests of a repository whose subject is `subject`, one descriptor each (distribution-spec end-12): those that
 * name it, and those that older clients listed under the referrers tag. A repository that does not exist has none.
 */
export async function listReferrers(
  catalog: Catalog,
  repository: Repository,
  subject: Digest,
  { after = '', limit, artifactType }: ReferrersQuery,
): Promise<Referrers> {
  const page = { after, limit: limit + 1 };
  const naming = new Set(await catalog.manifests.referrers(repository, subject, page));
  const listed = await listedUnderTag(catalog, repository, subject);
  const all = new Set([...naming, ...listed.keys()]);
  const digests = [...all].filter((digest) => digest > after).toSorted();

  const descriptors: Descriptor[] = [];
  let last: Digest | undefined;
  let bytes = 0;
  let records: ReadonlyMap<Digest, ManifestRecord> = new Map();
  for (const [index, digest] of digests.entries()) {
    if (index === limit || bytes >= mostBytes) return { descriptors, last };
    if (index % readAtATime === 0) {
      const next = digests.slice(index, Math.min(index + readAtATime, limit));
      records = await readAll(catalog, repository, next);
    }
    const record = naming.has(digest) ? records.get(digest) : undefined;
    const descriptor = record === undefined ? listed.get(digest) : descriptorOf(record);
    if (descriptor !== undefined && isOfType(descriptor, artifactType))
      descriptors.push(descriptor);
    bytes += record?.bytes.length ?? 0;
    last = digest;
  }
  return { descriptors, last: undefined };
}

async function readAll(
  catalog: Catalog,
  repository: Repository,
  digests: readonly Digest[],
): Promise<ReadonlyMap<Digest, ManifestRecord>> {
  const records = await catalog.manifests.findAll(repository, digests);
  return new Map(records.map((record) => [record.digest, record]));
}

function isOfType(descriptor: Descriptor, artifactType: string | undefined): boolean {
  return artifactType === undefined || descriptor.artifactType === artifactType;
}

function descriptorOf(record: ManifestRecord): Descriptor {
  const manifest = parseManifest(record.bytes, record.mediaType);
  const artifactType =
    manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined);
  return {
    mediaType: record.mediaType,
    digest: record.digest,
    size: record.bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
}

/** The referrers tag schema: an index under `<alg>-<hex>`, the parts cut to 32 and 64 characters. */
async function listedUnderTag(
  catalog: Catalog,
  repository: Repository,
  digest: Digest,
): Promise<ReadonlyMap<Digest, Descriptor>> {
  const hex = digestHex(digest).slice(0, 64);
  const tag = parseTag(`${digestAlgorithm(digest)}-${hex}`);
  const record = await catalog.manifests.find(repository, { kind: 'tag', tag });
  const manifest = record && parseManifest(record.bytes, record.mediaType);
  const descriptors = manifest?.kind === 'index' ? manifest.manifests : [];
  return new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor]));
}
