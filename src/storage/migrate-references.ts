import { sql, type Kysely, type SqlBool } from 'kysely';
import type { Digest } from '../oci/digest.ts';
import type { CatalogDatabase } from './catalog-schema.ts';
import { addReferencesOf, namedIn } from './sql-references.ts';

/** Manifests that are read at a time. */
const pageSize = 200;

/** What is in use, and since when: what the garbage collection goes by. */
export async function addReferences(database: Kysely<unknown>): Promise<void> {
  for (const [table, since] of [
    ['repository_blobs', 'linked_at'],
    ['manifests', 'pushed_at'],
  ] as const) {
    await database.schema
      .alterTable(table)
      .addColumn('touched_at', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`update ${sql.table(table)} set touched_at = ${sql.ref(since)}`.execute(database);
  }
  await database.schema
    .createTable('manifest_references')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('manifest', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('manifest_references_key', ['repository', 'target', 'manifest'])
    // Its key is all that it has: a table beside the key would keep everything twice.
    .modifyEnd(sql`without rowid`)
    .execute();
  await readAll(database);
}

async function readAll(database: CatalogDatabase): Promise<void> {
  let after = { repository: '', digest: '' };
  for (;;) {
    const rows = await database
      .selectFrom('manifests')
      .select(['repository', 'digest', 'media_type', 'bytes'])
      .where(sql<SqlBool>`(repository, digest) > (${after.repository}, ${after.digest})`)
      .orderBy('repository')
      .orderBy('digest')
      .limit(pageSize)
      .execute();
    for (const { repository, digest, media_type: mediaType, bytes } of rows) {
      const targets: readonly Digest[] = namedIn(bytes, mediaType) ?? [];
      await addReferencesOf(database, repository, digest, targets);
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last;
  }
}
