import type { CatalogContext, CatalogTransaction } from './catalog-schema.ts';
import type { CatalogChange, OutboxBacklog, OutboxEntry, OutboxTable } from './outbox.ts';

export class SqlOutbox implements OutboxTable {
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
  }

  async next(target: string, limit: number): Promise<readonly OutboxEntry[]> {
    return await this.#context.database
      .selectFrom('outbox')
      .select(['number', 'target', 'id', 'body', 'written_at as writtenAt'])
      .where('target', '=', target)
      .orderBy('number')
      .limit(limit)
      .execute();
  }

  async remove(numbers: readonly number[]): Promise<void> {
    if (numbers.length === 0) return;
    await this.#context.database.deleteFrom('outbox').where('number', 'in', numbers).execute();
  }

  async backlog(target: string): Promise<OutboxBacklog> {
    const { database } = this.#context;
    const row = await database
      .selectFrom('outbox')
      .select((select) => [
        select.fn.countAll<number>().as('count'),
        select.fn.min<number | null>('written_at').as('oldest'),
      ])
      .where('target', '=', target)
      .executeTakeFirstOrThrow();
    return { count: row.count, oldest: row.oldest ?? undefined };
  }

  async trim(target: string, keep: number, since: number): Promise<number> {
    const { database } = this.#context;
    const first = await database
      .selectFrom('outbox')
      .select('number')
      .where('target', '=', target)
      .orderBy('number', 'desc')
      .limit(1)
      .offset(keep)
      .executeTakeFirst();
    const { numDeletedRows } = await database
      .deleteFrom('outbox')
      .where('target', '=', target)
      .where((where) =>
        where.or([where('number', '<=', first?.number ?? 0), where('written_at', '<', since)]),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  async forgetOthers(targets: readonly string[]): Promise<number> {
    const { numDeletedRows } = await this.#context.database
      .deleteFrom('outbox')
      .$if(targets.length > 0, (query) => query.where('target', 'not in', targets))
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}

/**
 * Runs a transaction in which `tell` keeps what is to be said about a change, all or nothing. Whoever sends it hears that there is
 * something when the transaction is durable.
 */
export async function changeAndTell<T>(
  context: CatalogContext,
  task: (
    transaction: CatalogTransaction,
    tell: (change: CatalogChange) => Promise<void>,
  ) => Promise<T>,
): Promise<T> {
  const { database, changes, wallTime } = context;
  let isTold = false;
  const result = await database.transaction().execute((transaction) =>
    task(transaction, async (change) => {
      const messages = changes?.messagesFor(change) ?? [];
      if (messages.length === 0) return;
      const written_at = wallTime();
      await transaction
        .insertInto('outbox')
        .values(messages.map(({ target, id, body }) => ({ target, id, body, written_at })))
        .execute();
      isTold = true;
    }),
  );
  if (isTold) changes?.written();
  return result;
}
