import { digestAlgorithm, digestHex, type Digest } from '../oci/digest.ts';
import { parseManifest, type Descriptor } from '../oci/manifest.ts';
import { parseTag, type Repository } from '../oci/reference.ts';
import type { Catalog, ManifestRecord } from '../storage/catalog.ts';

/**
 * The manifests of a repository whose subject is `digest`, one descriptor each (distribution-spec end-12): those that name
 * it, and those that older clients listed under the referrers tag. A repository that does not exist has none.
 */
export async function listReferrers(
  catalog: Catalog,
  repository: Repository,
  digest: Digest,
  artifactType: string | undefined,
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  for (const record of await catalog.manifests.referrers(repository, digest)) {
    found.set(record.digest, descriptorOf(record));
  }
  for (const descriptor of await listedUnderTag(catalog, repository, digest)) {
    if (!found.has(descriptor.digest)) found.set(descriptor.digest, descriptor);
  }
  const all = [...found.values()];
  return artifactType === undefined
    ? all
    : all.filter((descriptor) => descriptor.artifactType === artifactType);
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
): Promise<readonly Descriptor[]> {
  const hex = digestHex(digest).slice(0, 64);
  const tag = parseTag(`${digestAlgorithm(digest)}-${hex}`);
  const record = await catalog.manifests.find(repository, { kind: 'tag', tag });
  if (record === undefined) return [];
  const manifest = parseManifest(record.bytes, record.mediaType);
  return manifest.kind === 'index' ? manifest.manifests : [];
}
