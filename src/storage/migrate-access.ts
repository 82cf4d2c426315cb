import type { Kysely } from 'kysely';

/** Tokens for machines, and whose an upload is. */
export async function addAccess(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('robots')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('grants', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('used_at', 'bigint')
    .execute();
  await database.schema
    .alterTable('uploads')
    .addColumn('owner', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}
