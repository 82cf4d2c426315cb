import type { Digest } from '../oci/digest.ts';
import type { ManifestReference, Repository, Tag } from '../oci/reference.ts';
import {
  batchesOf,
  type CatalogContext,
  type CatalogSchema,
  type CatalogTransaction,
} from './catalog-schema.ts';
import type { ImageRecord, ManifestNeeds, ManifestRecord, ManifestTable, Page } from './catalog.ts';
import { ensureRepository } from './sql-repositories.ts';

const columns = ['digest', 'media_type', 'bytes', 'subject', 'image_size'] as const;
type ManifestRow = Pick<CatalogSchema['manifests'], (typeof columns)[number]>;

export class SqlManifests implements ManifestTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async put(
    repository: Repository,
    manifest: ManifestRecord,
    tags: readonly Tag[],
    needs: ManifestNeeds,
  ): Promise<readonly Digest[]> {
    const now = this.#context.wallTime();
    return await this.#context.database.transaction().execute(async (transaction) => {
      const lacking = [
        ...(await missingFrom(transaction, 'repository_blobs', repository, needs.blobs)),
        ...(await missingFrom(transaction, 'manifests', repository, needs.manifests)),
      ];
      if (lacking.length > 0) return lacking;

      await ensureRepository(transaction, repository, now);
      await transaction
        .insertInto('manifests')
        .values({
          repository,
          digest: manifest.digest,
          media_type: manifest.mediaType,
          bytes: manifest.bytes,
          subject: manifest.subject ?? null,
          image_size: manifest.imageSize,
          pushed_at: now,
        })
        .onConflict((conflict) =>
          conflict.columns(['repository', 'digest']).doUpdateSet({ pushed_at: now }),
        )
        .execute();
      for (const name of tags) {
        await transaction
          .insertInto('tags')
          .values({ repository, name, digest: manifest.digest, pushed_at: now })
          .onConflict((conflict) =>
            conflict
              .columns(['repository', 'name'])
              .doUpdateSet({ digest: manifest.digest, pushed_at: now }),
          )
          .execute();
      }
      return [];
    });
  }

  async find(
    repository: Repository,
    reference: ManifestReference,
  ): Promise<ManifestRecord | undefined> {
    const row = await this.#context.database
      .selectFrom('manifests')
      .select(columns)
      .where('repository', '=', repository)
      .where('digest', '=', (query) =>
        reference.kind === 'digest'
          ? query.val(reference.digest)
          : query
              .selectFrom('tags')
              .select('tags.digest')
              .where('tags.repository', '=', repository)
              .where('tags.name', '=', reference.tag),
      )
      .executeTakeFirst();
    return row === undefined ? undefined : recordOf(row);
  }

  async imageSizes(
    repository: Repository,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    const sizes = new Map<Digest, number>();
    for (const batch of batchesOf(digests)) {
      const rows = await this.#context.database
        .selectFrom('manifests')
        .select(['digest', 'image_size'])
        .where('repository', '=', repository)
        .where('digest', 'in', batch)
        .execute();
      for (const row of rows) sizes.set(row.digest, row.image_size);
    }
    return sizes;
  }

  async remove(repository: Repository, digest: Digest): Promise<boolean> {
    return await this.#context.database.transaction().execute(async (transaction) => {
      await transaction
        .deleteFrom('tags')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .execute();
      const removed = await transaction
        .deleteFrom('manifests')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .executeTakeFirst();
      return removed.numDeletedRows > 0n;
    });
  }

  async removeTag(repository: Repository, tag: Tag): Promise<boolean> {
    const removed = await this.#context.database
      .deleteFrom('tags')
      .where('repository', '=', repository)
      .where('name', '=', tag)
      .executeTakeFirst();
    return removed.numDeletedRows > 0n;
  }

  async tags(repository: Repository, page: Page): Promise<readonly Tag[]> {
    const rows = await this.#context.database
      .selectFrom('tags')
      .select('name')
      .where('repository', '=', repository)
      .where('name', '>', (page.after ?? '') as Tag)
      .orderBy('name')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
    return rows.map((row) => row.name);
  }

  async referrers(repository: Repository, subject: Digest, page: Page): Promise<readonly Digest[]> {
    const rows = await this.#context.database
      .selectFrom('manifests')
      .select('digest')
      .where('repository', '=', repository)
      .where('subject', '=', subject)
      .where('digest', '>', (page.after ?? '') as Digest)
      .orderBy('digest')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
    return rows.map((row) => row.digest);
  }

  async images(): Promise<readonly ImageRecord[]> {
    const rows = await this.#context.database
      .selectFrom('tags')
      .innerJoin('manifests', (join) =>
        join
          .onRef('manifests.repository', '=', 'tags.repository')
          .onRef('manifests.digest', '=', 'tags.digest'),
      )
      .select([
        'tags.repository',
        'tags.name',
        'tags.digest',
        'tags.pushed_at',
        'manifests.media_type',
        'manifests.image_size',
      ])
      .orderBy('tags.repository')
      .orderBy('tags.name')
      .execute();
    return rows.map((row) => ({
      repository: row.repository,
      tag: row.name,
      digest: row.digest,
      mediaType: row.media_type,
      imageSize: row.image_size,
      pushedAt: row.pushed_at,
    }));
  }
}

async function missingFrom(
  transaction: CatalogTransaction,
  table: 'repository_blobs' | 'manifests',
  repository: Repository,
  digests: readonly Digest[],
): Promise<readonly Digest[]> {
  const missing = new Set(digests);
  for (const batch of batchesOf(digests)) {
    const rows = await transaction
      .selectFrom(table)
      .select('digest')
      .where('repository', '=', repository)
      .where('digest', 'in', batch)
      .execute();
    for (const row of rows) missing.delete(row.digest);
  }
  return [...missing];
}

function recordOf(row: ManifestRow): ManifestRecord {
  return {
    digest: row.digest,
    mediaType: row.media_type,
    bytes: row.bytes,
    subject: row.subject ?? undefined,
    imageSize: row.image_size,
  };
}
