import type { Repository } from '../oci/reference.ts';
import type { CatalogContext, CatalogTransaction } from './catalog-schema.ts';
import type { Page, RepositoryTable } from './catalog.ts';

export class SqlRepositories implements RepositoryTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async exists(repository: Repository): Promise<boolean> {
    const row = await this.#context.database
      .selectFrom('repositories')
      .select('name')
      .where('name', '=', repository)
      .executeTakeFirst();
    return row !== undefined;
  }

  async list(page: Page): Promise<readonly Repository[]> {
    const rows = await this.#context.database
      .selectFrom('repositories')
      .select('name')
      .where((where) =>
        where.exists(
          where
            .selectFrom('manifests')
            .select('manifests.repository')
            .whereRef('manifests.repository', '=', 'repositories.name'),
        ),
      )
      .where('name', '>', (page.after ?? '') as Repository)
      .orderBy('name')
      .$if(page.limit !== undefined, (query) => query.limit(page.limit ?? 0))
      .execute();
    return rows.map((row) => row.name);
  }
}

/** Makes the repository known, as a part of the transaction that puts its first blob or manifest there. */
export async function ensureRepository(
  transaction: CatalogTransaction,
  name: Repository,
  now: number,
): Promise<void> {
  await transaction
    .insertInto('repositories')
    .values({ name, created_at: now })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}
