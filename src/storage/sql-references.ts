import type { Digest } from '../oci/digest.ts';
import { blobsOf, parseManifest } from '../oci/manifest.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Repository } from '../oci/reference.ts';
import { batchesOf, type CatalogDatabase } from './catalog-schema.ts';

/** Keeps what a manifest points to, as a part of the transaction that stores it. */
export async function addReferencesOf(
  database: CatalogDatabase,
  repository: Repository,
  manifest: Digest,
  targets: readonly Digest[],
): Promise<void> {
  for (const batch of batchesOf([...new Set(targets)])) {
    await database
      .insertInto('manifest_references')
      .values(batch.map((target) => ({ repository, target, manifest })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Forgets what a manifest pointed to, as a part of the transaction that removes it; gives the targets. */
export async function removeReferencesOf(
  database: CatalogDatabase,
  repository: Repository,
  manifest: { readonly digest: Digest; readonly media_type: string; readonly bytes: Uint8Array },
): Promise<readonly Digest[]> {
  const targets = namedIn(manifest.bytes, manifest.media_type);
  const deleting = database
    .deleteFrom('manifest_references')
    .where('repository', '=', repository)
    .where('manifest', '=', manifest.digest);
  if (targets === undefined) {
    // Slow, since no index leads from a manifest to its targets: the manifest does.
    const rows = await deleting.returning('target').execute();
    return rows.map((row) => row.target);
  }
  for (const batch of batchesOf(targets)) await deleting.where('target', 'in', batch).execute();
  return targets;
}

/** What a stored manifest points to; undefined when it cannot be read (any more). */
export function namedIn(bytes: Uint8Array, mediaType: string): readonly Digest[] | undefined {
  try {
    const manifest = parseManifest(bytes, mediaType);
    const named = manifest.kind === 'index' ? manifest.manifests : blobsOf(manifest);
    return [...new Set(named.map(({ digest }) => digest))];
  } catch (error) {
    if (error instanceof OciError) return undefined;
    throw error;
  }
}
