import { sql, type Kysely } from 'kysely';
import { addAccess } from './migrate-access.ts';
import { addDamage } from './migrate-damage.ts';
import { addOutbox } from './migrate-outbox.ts';
import { addReferences } from './migrate-references.ts';
import { StorageError } from './storage-error.ts';

type Migration = (database: Kysely<unknown>) => Promise<void>;

/** Steps from an empty database to today's, in order; the n-th leads to version n. A step that was released never changes. */
const migrations: readonly Migration[] = [
  createTables,
  addReferences,
  addOutbox,
  addDamage,
  addAccess,
];

/**
 * Brings the database to today's version, all or nothing. The versions it went through are the rows of
 * `schema_versions`. Throws StorageError STORAGE_TOO_NEW for a database of a later Docket.
 */
export async function migrateCatalog(
  database: Kysely<unknown>,
  wallTime: () => number,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await sql`create table if not exists schema_versions
      (version integer primary key, applied_at bigint not null)`.execute(transaction);
    const { rows } = await sql<{ readonly version: number | null }>`
      select max(version) as version from schema_versions`.execute(transaction);
    const current = rows[0]?.version ?? 0;
    if (current > migrations.length) {
      throw new StorageError(
        'STORAGE_TOO_NEW',
        `the catalog has version ${current}, this docket knows ${migrations.length}: it was written by a later one`,
      );
    }
    for (const [index, migrate] of migrations.entries()) {
      const version = index + 1;
      if (version <= current) continue;
      await migrate(transaction);
      await sql`insert into schema_versions values (${version}, ${wallTime()})`.execute(
        transaction,
      );
    }
  });
}

async function createTables(database: Kysely<unknown>): Promise<void> {
  const bytes = sql`blob`;
  const schema = database.schema;
  await schema
    .createTable('repositories')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('blobs')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('repository_blobs')
    .addColumn('repository', 'text', (column) => column.notNull().references('repositories.name'))
    .addColumn('digest', 'text', (column) => column.notNull().references('blobs.digest'))
    .addColumn('linked_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('repository_blobs_key', ['repository', 'digest'])
    .execute();
  await schema
    .createIndex('repository_blobs_by_digest')
    .on('repository_blobs')
    .columns(['digest', 'repository'])
    .execute();
  await schema
    .createTable('manifests')
    .addColumn('repository', 'text', (column) => column.notNull().references('repositories.name'))
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('media_type', 'text', (column) => column.notNull())
    .addColumn('subject', 'text')
    .addColumn('image_size', 'bigint', (column) => column.notNull())
    .addColumn('pushed_at', 'bigint', (column) => column.notNull())
    .addColumn('bytes', bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint('manifests_key', ['repository', 'digest'])
    .execute();
  await schema
    .createIndex('manifests_by_subject')
    .on('manifests')
    .columns(['repository', 'subject', 'digest'])
    .execute();
  await schema
    .createTable('tags')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('pushed_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('tags_key', ['repository', 'name'])
    .addForeignKeyConstraint('tags_manifest', ['repository', 'digest'], 'manifests', [
      'repository',
      'digest',
    ])
    .execute();
  await schema.createIndex('tags_by_digest').on('tags').columns(['repository', 'digest']).execute();
  await schema
    .createTable('torrents')
    .addColumn('digest', 'text', (column) => column.primaryKey().references('blobs.digest'))
    .addColumn('info_hash', 'text', (column) => column.notNull().unique())
    .addColumn('metainfo', bytes, (column) => column.notNull())
    .execute();
  await schema
    .createTable('uploads')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('algorithm', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .execute();
}
