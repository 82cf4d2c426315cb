import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { migrateCatalog } from '../src/storage/catalog-migrations.ts';
import type { CatalogSchema } from '../src/storage/catalog-schema.ts';
import { nodeSqliteDatabase } from '../src/storage/node-sqlite-database.ts';
import { SqlCatalog } from '../src/storage/sql-catalog.ts';

/** A registry's catalog, to be filled: its commits do not wait for the disk. */
export async function openHastily(path: string): Promise<SqlCatalog> {
  const sqlite = new DatabaseSync(path);
  sqlite.exec('pragma journal_mode = wal; pragma synchronous = off;');
  const dialect = new SqliteDialect({ database: nodeSqliteDatabase(sqlite) });
  const database = new Kysely<CatalogSchema>({ dialect });
  await migrateCatalog(database as Kysely<unknown>, Date.now);
  return new SqlCatalog({ database, wallTime: Date.now });
}
