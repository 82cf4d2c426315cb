import type { Kysely } from 'kysely';

/** Messages about changes, until they are sent. */
export async function addOutbox(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('outbox')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('written_at', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createIndex('outbox_by_target')
    .on('outbox')
    .columns(['target', 'number'])
    .execute();
}
