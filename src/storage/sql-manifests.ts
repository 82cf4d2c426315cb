import { sql, type SqlBool } from 'kysely';
import type { Digest } from '../oci/digest.ts';
import type { ManifestReference, Repository, Tag } from '../oci/reference.ts';
import {
  batchesOf,
  type CatalogContext,
  type CatalogSchema,
  type CatalogTransaction,
} from './catalog-schema.ts';
import type {
  ImagePage,
  ImageRecord,
  ManifestNeeds,
  ManifestRecord,
  ManifestTable,
  Page,
  StoredManifest,
} from './catalog.ts';
import { changeAndTell } from './sql-outbox.ts';
import { addReferencesOf, removeReferencesOf } from './sql-references.ts';
import { ensureRepository } from './sql-repositories.ts';

const columns = ['digest', 'media_type', 'bytes', 'subject', 'image_size', 'touched_at'] as const;
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
    return await changeAndTell(this.#context, async (transaction, tell) => {
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
          touched_at: now,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['repository', 'digest'])
            // The bytes too: those that are here may have been damaged.
            .doUpdateSet({ bytes: manifest.bytes, pushed_at: now, touched_at: now }),
        )
        .execute();
      const targets = [...needs.blobs, ...needs.manifests, ...(needs.others ?? [])];
      await addReferencesOf(transaction, repository, manifest.digest, targets);
      for (const name of tags) {
        await letGo(transaction, repository, name, now);
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
      await tell({
        kind: 'pushed',
        repository,
        digest: manifest.digest,
        mediaType: manifest.mediaType,
        size: manifest.bytes.length,
        tags,
      });
      return [];
    });
  }

  async find(
    repository: Repository,
    reference: ManifestReference,
  ): Promise<StoredManifest | undefined> {
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

  async findAll(
    repository: Repository,
    digests: readonly Digest[],
  ): Promise<readonly StoredManifest[]> {
    const found: StoredManifest[] = [];
    for (const batch of batchesOf(digests.toSorted())) {
      const rows = await this.#context.database
        .selectFrom('manifests')
        .select(columns)
        .where('repository', '=', repository)
        .where('digest', 'in', batch)
        .orderBy('digest')
        .execute();
      for (const row of rows) found.push(recordOf(row));
    }
    return found;
  }

  async touch(repository: Repository, digest: Digest): Promise<boolean> {
    const { numUpdatedRows } = await this.#context.database
      .updateTable('manifests')
      .set({ touched_at: this.#context.wallTime() })
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
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
    const now = this.#context.wallTime();
    return await changeAndTell(this.#context, async (transaction, tell) => {
      const manifest = await transaction
        .selectFrom('manifests')
        .select(['digest', 'media_type', 'bytes'])
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .executeTakeFirst();
      if (manifest === undefined) return false;
      const targets = await removeReferencesOf(transaction, repository, manifest);
      const tags = await transaction
        .deleteFrom('tags')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .returning('name')
        .execute();
      await transaction
        .deleteFrom('manifests')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .execute();
      // What hung on it was in use until now, so that whoever pushes it again finds all of it for a while.
      await touch(transaction, 'manifests', repository, targets, now);
      await touch(transaction, 'repository_blobs', repository, targets, now);
      await transaction
        .updateTable('manifests')
        .set({ touched_at: now })
        .where('repository', '=', repository)
        .where('subject', '=', digest)
        .execute();
      await tell({
        kind: 'deleted',
        repository,
        digest,
        mediaType: manifest.media_type,
        tags: tags.map(({ name }) => name),
        by: 'client',
      });
      return true;
    });
  }

  async removeTag(repository: Repository, tag: Tag): Promise<boolean> {
    const now = this.#context.wallTime();
    return await changeAndTell(this.#context, async (transaction, tell) => {
      await letGo(transaction, repository, tag, now);
      const removed = await transaction
        .deleteFrom('tags')
        .where('repository', '=', repository)
        .where('name', '=', tag)
        .returning('digest')
        .executeTakeFirst();
      if (removed === undefined) return false;
      const { digest } = removed;
      await tell({ kind: 'untagged', repository, digest, tags: [tag], by: 'client' });
      return true;
    });
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

  async images({ after, limit }: ImagePage): Promise<readonly ImageRecord[]> {
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
      .$if(after !== undefined, (query) =>
        query.where(
          sql<SqlBool>`(tags.repository, tags.name) > (${after?.repository}, ${after?.tag})`,
        ),
      )
      .orderBy('tags.repository')
      .orderBy('tags.name')
      .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
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

/** A tag that goes, or moves on, leaves a manifest that was in use until now. */
async function letGo(
  transaction: CatalogTransaction,
  repository: Repository,
  tag: Tag,
  now: number,
): Promise<void> {
  await transaction
    .updateTable('manifests')
    .set({ touched_at: now })
    .where('repository', '=', repository)
    .where('digest', '=', (query) =>
      query
        .selectFrom('tags')
        .select('tags.digest')
        .where('tags.repository', '=', repository)
        .where('tags.name', '=', tag),
    )
    .execute();
}

async function touch(
  transaction: CatalogTransaction,
  table: 'repository_blobs' | 'manifests',
  repository: Repository,
  digests: readonly Digest[],
  now: number,
): Promise<void> {
  for (const batch of batchesOf(digests)) {
    await transaction
      .updateTable(table)
      .set({ touched_at: now })
      .where('repository', '=', repository)
      .where('digest', 'in', batch)
      .execute();
  }
}

function recordOf(row: ManifestRow): StoredManifest {
  return {
    digest: row.digest,
    mediaType: row.media_type,
    bytes: row.bytes,
    subject: row.subject ?? undefined,
    imageSize: row.image_size,
    touchedAt: row.touched_at,
  };
}
