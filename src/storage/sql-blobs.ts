import type { Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/reference.ts';
import { batchesOf, type CatalogContext, type CatalogTransaction } from './catalog-schema.ts';
import type { BlobRecord, BlobTable } from './catalog.ts';
import { ensureRepository } from './sql-repositories.ts';

export class SqlBlobs implements BlobTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async link(repository: Repository, blob: BlobRecord): Promise<void> {
    const now = this.#context.wallTime();
    await this.#context.database.transaction().execute(async (transaction) => {
      await ensureRepository(transaction, repository, now);
      await transaction
        .insertInto('blobs')
        .values({ digest: blob.digest, size: blob.size, created_at: now })
        .onConflict((conflict) => conflict.column('digest').doNothing())
        .execute();
      await transaction
        .insertInto('repository_blobs')
        .values({ repository, digest: blob.digest, linked_at: now, touched_at: now })
        .onConflict((conflict) =>
          conflict.columns(['repository', 'digest']).doUpdateSet({ touched_at: now }),
        )
        .execute();
      await transaction.deleteFrom('damaged_blobs').where('digest', '=', blob.digest).execute();
    });
  }

  async find(repository: Repository, digest: Digest): Promise<BlobRecord | undefined> {
    return await this.#context.database
      .selectFrom('repository_blobs')
      .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
      .select(['blobs.digest', 'blobs.size'])
      .where('repository_blobs.repository', '=', repository)
      .where('repository_blobs.digest', '=', digest)
      .executeTakeFirst();
  }

  async sizes(
    repository: Repository,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>> {
    const sizes = new Map<Digest, number>();
    for (const batch of batchesOf(digests)) {
      const rows = await this.#context.database
        .selectFrom('repository_blobs')
        .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
        .select(['blobs.digest', 'blobs.size'])
        .where('repository_blobs.repository', '=', repository)
        .where('repository_blobs.digest', 'in', batch)
        .execute();
      for (const row of rows) sizes.set(row.digest, row.size);
    }
    return sizes;
  }

  async findAnywhere(digest: Digest): Promise<BlobRecord | undefined> {
    return await this.#context.database
      .selectFrom('blobs')
      .select(['digest', 'size'])
      .where('digest', '=', digest)
      .executeTakeFirst();
  }

  async holders(digest: Digest, limit: number): Promise<readonly Repository[]> {
    const rows = await this.#context.database
      .selectFrom('repository_blobs')
      .select('repository')
      .where('digest', '=', digest)
      .orderBy('repository')
      .limit(limit)
      .execute();
    return rows.map((row) => row.repository);
  }

  async list(page: {
    readonly after?: Digest | undefined;
    readonly limit: number;
  }): Promise<readonly BlobRecord[]> {
    return await this.#context.database
      .selectFrom('blobs')
      .select(['digest', 'size'])
      .where('digest', '>', page.after ?? ('' as Digest))
      .orderBy('digest')
      .limit(page.limit)
      .execute();
  }

  async totals(): Promise<{ readonly count: number; readonly bytes: number }> {
    const row = await this.#context.database
      .selectFrom('blobs')
      .select((select) => [select.fn.countAll().as('count'), select.fn.sum('size').as('bytes')])
      .executeTakeFirstOrThrow();
    return { count: Number(row.count), bytes: Number(row.bytes ?? 0) };
  }

  async unlink(
    repository: Repository,
    digest: Digest,
  ): Promise<'absent' | 'unlinked' | 'orphaned'> {
    return await this.#context.database.transaction().execute(async (transaction) => {
      const removed = await transaction
        .deleteFrom('repository_blobs')
        .where('repository', '=', repository)
        .where('digest', '=', digest)
        .executeTakeFirst();
      if (removed.numDeletedRows === 0n) return 'absent';
      return (await forgetUnlinked(transaction, digest)) ? 'orphaned' : 'unlinked';
    });
  }

  async touch(repository: Repository, digest: Digest, since: number): Promise<void> {
    await this.#context.database
      .updateTable('repository_blobs')
      .set({ touched_at: this.#context.wallTime() })
      .where('repository', '=', repository)
      .where('digest', '=', digest)
      .where('touched_at', '<', since)
      .execute();
  }
}

/** Forgets a blob that no repository links any more, with its torrent; false when one does. */
export async function forgetUnlinked(
  transaction: CatalogTransaction,
  digest: Digest,
): Promise<boolean> {
  const link = await transaction
    .selectFrom('repository_blobs')
    .select('repository')
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst();
  if (link !== undefined) return false;
  await transaction.deleteFrom('torrents').where('digest', '=', digest).execute();
  await transaction.deleteFrom('blobs').where('digest', '=', digest).execute();
  return true;
}
