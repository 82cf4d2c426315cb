import type { Digest } from '../oci/digest.ts';
import type { CatalogContext } from './catalog-schema.ts';
import type { DamageRecord, DamageTable, Problem } from './catalog.ts';

export class SqlDamage implements DamageTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async add(digest: Digest, problem: Problem): Promise<boolean> {
    const now = this.#context.wallTime();
    return await this.#context.database.transaction().execute(async (transaction) => {
      const blob = await transaction
        .selectFrom('blobs')
        .select('digest')
        .where('digest', '=', digest)
        .executeTakeFirst();
      if (blob === undefined) return false;
      await transaction
        .insertInto('damaged_blobs')
        .values({ digest, problem, found_at: now })
        .onConflict((conflict) => conflict.column('digest').doUpdateSet({ problem }))
        .execute();
      return true;
    });
  }

  async remove(digest: Digest): Promise<void> {
    await this.#context.database.deleteFrom('damaged_blobs').where('digest', '=', digest).execute();
  }

  async list(): Promise<readonly DamageRecord[]> {
    const rows = await this.#context.database
      .selectFrom('damaged_blobs')
      .innerJoin('blobs', 'blobs.digest', 'damaged_blobs.digest')
      .select(['blobs.digest', 'blobs.size', 'damaged_blobs.problem', 'damaged_blobs.found_at'])
      .orderBy('blobs.digest')
      .execute();
    return rows.map(({ digest, size, problem, found_at: foundAt }) => ({
      digest,
      size,
      problem,
      foundAt,
    }));
  }
}
