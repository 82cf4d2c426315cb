import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/reference.ts';
import { batchesOf, type CatalogContext, type CatalogTransaction } from './catalog-schema.ts';
import type {
  GarbageTable,
  LinkEntry,
  ManifestEntry,
  Page,
  TagEntry,
  Unlinked,
} from './catalog.ts';
import { forgetUnlinked } from './sql-blobs.ts';
import { changeAndTell } from './sql-outbox.ts';
import { namedIn, removeReferencesOf } from './sql-references.ts';

/** The garbage collection's view. Every query is short, so that whoever waits for the database waits a little. */
export class SqlGarbage implements GarbageTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async repositories(page: Page): Promise<readonly Repository[]> {
    const rows = await this.#context.database
      .selectFrom('repositories')
      .select('name')
      .where('name', '>', (page.after ?? '') as Repository)
      .orderBy('name')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
    return rows.map((row) => row.name);
  }

  async tags(repository: Repository, page: Page): Promise<readonly TagEntry[]> {
    return await this.#context.database
      .selectFrom('tags')
      .select(['name', 'digest', 'pushed_at as pushedAt'])
      .where('repository', '=', repository)
      .where('name', '>', (page.after ?? '') as TagEntry['name'])
      .orderBy('name')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
  }

  async manifests(repository: Repository, page: Page): Promise<readonly ManifestEntry[]> {
    const { database } = this.#context;
    const rows = await database
      .selectFrom('manifests')
      .select((select) => [
        'digest',
        'subject',
        'touched_at',
        select.fn<number>('length', ['bytes']).as('size'),
      ])
      .where('repository', '=', repository)
      .where('digest', '>', (page.after ?? '') as Digest)
      .orderBy('digest')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
    const parents = new Map<Digest, Digest[]>();
    for (const batch of batchesOf(rows.map(({ digest }) => digest))) {
      const references = await database
        .selectFrom('manifest_references')
        .select(['target', 'manifest'])
        .where('repository', '=', repository)
        .where('target', 'in', batch)
        .execute();
      for (const { target, manifest } of references) {
        const known = parents.get(target);
        if (known === undefined) parents.set(target, [manifest]);
        else known.push(manifest);
      }
    }
    return rows.map((row) => ({
      digest: row.digest,
      subject: row.subject ?? undefined,
      touchedAt: row.touched_at,
      size: row.size,
      parents: parents.get(row.digest) ?? [],
    }));
  }

  async links(repository: Repository, page: Page): Promise<readonly LinkEntry[]> {
    const rows = await this.#context.database
      .selectFrom('repository_blobs')
      .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
      .select([
        'repository_blobs.digest',
        'blobs.size',
        'repository_blobs.touched_at',
        isPointedTo(repository, sql.ref('repository_blobs.digest')).as('referenced'),
      ])
      .where('repository_blobs.repository', '=', repository)
      .where('repository_blobs.digest', '>', (page.after ?? '') as Digest)
      .orderBy('repository_blobs.digest')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
    return rows.map((row) => ({
      digest: row.digest,
      size: row.size,
      touchedAt: row.touched_at,
      isReferenced: Boolean(row.referenced),
    }));
  }

  async pointersTo(repository: Repository, target: Digest, page: Page): Promise<readonly Digest[]> {
    const rows = await this.#context.database
      .selectFrom('manifest_references')
      .select('manifest')
      .where('repository', '=', repository)
      .where('target', '=', target)
      .where('manifest', '>', (page.after ?? '') as Digest)
      .orderBy('manifest')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
    return rows.map((row) => row.manifest);
  }

  async targetsOf(
    repository: Repository,
    manifests: readonly Digest[],
  ): Promise<ReadonlySet<Digest>> {
    const targets = new Set<Digest>();
    // One at a time: a manifest may have megabytes.
    for (const digest of manifests) {
      const row = await this.#context.database
        .selectFrom('manifests')
        .select(['bytes', 'media_type'])
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .executeTakeFirst();
      if (row === undefined) continue;
      for (const target of namedIn(row.bytes, row.media_type) ?? []) targets.add(target);
    }
    return targets;
  }

  async linkCounts(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>> {
    const counts = new Map<Digest, number>();
    for (const batch of batchesOf(digests)) {
      const rows = await this.#context.database
        .selectFrom('repository_blobs')
        .select((select) => ['digest', select.fn.countAll<number>().as('links')])
        .where('digest', 'in', batch)
        .groupBy('digest')
        .execute();
      for (const { digest, links } of rows) counts.set(digest, links);
    }
    return counts;
  }

  async removeTags<T extends TagEntry>(
    repository: Repository,
    tags: readonly T[],
  ): Promise<readonly T[]> {
    return await changeAndTell(this.#context, async (transaction, tell) => {
      const removed: T[] = [];
      for (const tag of tags) {
        const { numDeletedRows } = await transaction
          .deleteFrom('tags')
          .where('repository', '=', repository)
          .where('name', '=', tag.name)
          .where('digest', '=', tag.digest)
          .where('pushed_at', '=', tag.pushedAt)
          .executeTakeFirst();
        if (numDeletedRows === 0n) continue;
        removed.push(tag);
        const { name, digest } = tag;
        await tell({ kind: 'untagged', repository, digest, tags: [name], by: 'collection' });
      }
      return removed;
    });
  }

  async removeManifests(
    repository: Repository,
    digests: readonly Digest[],
    before: number,
  ): Promise<readonly Digest[]> {
    return await changeAndTell(this.#context, async (transaction, tell) => {
      const removed: Digest[] = [];
      for (const digest of digests) {
        const mediaType = await removeIfUnused(transaction, repository, digest, before);
        if (mediaType === undefined) continue;
        removed.push(digest);
        await tell({ kind: 'deleted', repository, digest, mediaType, tags: [], by: 'collection' });
      }
      return removed;
    });
  }

  async unlink(
    repository: Repository,
    digests: readonly Digest[],
    before: number,
  ): Promise<ReadonlyMap<Digest, Unlinked>> {
    return await this.#context.database.transaction().execute(async (transaction) => {
      const outcomes = new Map<Digest, Unlinked>();
      for (const digest of digests) {
        const removed = await transaction
          .deleteFrom('repository_blobs')
          .where('repository', '=', repository)
          .where('digest', '=', digest)
          .where('touched_at', '<', before)
          .where((where) => where.not(isPointedTo(repository, sql.val(digest))))
          .executeTakeFirst();
        if (removed.numDeletedRows === 0n) outcomes.set(digest, 'kept');
        else {
          const isForgotten = await forgetUnlinked(transaction, digest);
          outcomes.set(digest, isForgotten ? 'orphaned' : 'unlinked');
        }
      }
      return outcomes;
    });
  }

  async removeRepository(repository: Repository, before: number): Promise<boolean> {
    const removed = await this.#context.database
      .deleteFrom('repositories')
      .where('name', '=', repository)
      .where('created_at', '<', before)
      .where(holdsNothing)
      .executeTakeFirst();
    return removed.numDeletedRows > 0n;
  }

  async isEmpty(repository: Repository, before: number): Promise<boolean> {
    const row = await this.#context.database
      .selectFrom('repositories')
      .select('name')
      .where('name', '=', repository)
      .where('created_at', '<', before)
      .where(holdsNothing)
      .executeTakeFirst();
    return row !== undefined;
  }

  async since(): Promise<number> {
    const { rows } = await sql<{ readonly since: number }>`
      select min(applied_at) as since from schema_versions`.execute(this.#context.database);
    return rows[0]?.since ?? 0;
  }

  async linked(digests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    const found = new Set<Digest>();
    for (const batch of batchesOf(digests)) {
      const rows = await this.#context.database
        .selectFrom('blobs')
        .select('digest')
        .where('digest', 'in', batch)
        .execute();
      for (const row of rows) found.add(row.digest);
    }
    return found;
  }
}

const holdsNothing = sql<SqlBool>`not exists
    (select 1 from manifests where manifests.repository = repositories.name)
  and not exists
    (select 1 from repository_blobs where repository_blobs.repository = repositories.name)`;

/** Whether a manifest of the repository points to `digest`. */
function isPointedTo(repository: Repository, digest: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from manifest_references as pointer
    where pointer.repository = ${repository} and pointer.target = ${digest})`;
}

/** The moment of truth: whatever was decided before, a manifest goes only when nobody wants it now. Gives its media type. */
async function removeIfUnused(
  transaction: CatalogTransaction,
  repository: Repository,
  digest: Digest,
  before: number,
): Promise<string | undefined> {
  const manifest = await transaction
    .selectFrom('manifests')
    .select(['digest', 'media_type', 'bytes'])
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .where('touched_at', '<', before)
    .where((where) => where.not(isPointedTo(repository, sql.val(digest))))
    .where(
      sql<SqlBool>`not exists (select 1 from tags
        where tags.repository = ${repository} and tags.digest = ${digest})`,
    )
    .where(
      sql<SqlBool>`not exists (select 1 from manifests as subject
        where subject.repository = ${repository} and subject.digest = manifests.subject)`,
    )
    .executeTakeFirst();
  if (manifest === undefined) return undefined;
  await removeReferencesOf(transaction, repository, manifest);
  await transaction
    .deleteFrom('manifests')
    .where('repository', '=', repository)
    .where('digest', '=', digest)
    .execute();
  return manifest.media_type;
}
