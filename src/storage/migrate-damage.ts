import type { Kysely } from 'kysely';

/** Which blobs were found damaged. */
export async function addDamage(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('damaged_blobs')
    // Whoever forgets the blob forgets its damage.
    .addColumn('digest', 'text', (column) =>
      column.primaryKey().references('blobs.digest').onDelete('cascade'),
    )
    .addColumn('problem', 'text', (column) => column.notNull())
    .addColumn('found_at', 'bigint', (column) => column.notNull())
    .execute();
}
