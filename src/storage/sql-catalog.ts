import { Kysely, sql, SqliteDialect } from 'kysely';
import { DatabaseSync } from 'node:sqlite';
import { migrateCatalog } from './catalog-migrations.ts';
import type { CatalogContext, CatalogSchema } from './catalog-schema.ts';
import type { Catalog, CatalogFigures } from './catalog.ts';
import { nodeSqliteDatabase } from './node-sqlite-database.ts';
import type { ChangeListener } from './outbox.ts';
import { SqlBlobs } from './sql-blobs.ts';
import { SqlDamage } from './sql-damage.ts';
import { SqlGarbage } from './sql-garbage.ts';
import { SqlManifests } from './sql-manifests.ts';
import { SqlOutbox } from './sql-outbox.ts';
import { SqlRepositories } from './sql-repositories.ts';
import { SqlTorrents } from './sql-torrents.ts';
import { SqlUploads } from './sql-uploads.ts';
import { StorageError, storageFault } from './storage-error.ts';

/** The catalog in a SQL database. */
export class SqlCatalog implements Catalog {
  readonly repositories: SqlRepositories;
  readonly blobs: SqlBlobs;
  readonly manifests: SqlManifests;
  readonly torrents: SqlTorrents;
  readonly uploads: SqlUploads;
  readonly damage: SqlDamage;
  readonly garbage: SqlGarbage;
  readonly outbox: SqlOutbox;
  readonly #context: CatalogContext;

  constructor(context: CatalogContext) {
    this.#context = context;
    this.repositories = new SqlRepositories(context);
    this.blobs = new SqlBlobs(context);
    this.manifests = new SqlManifests(context);
    this.torrents = new SqlTorrents(context);
    this.uploads = new SqlUploads(context);
    this.damage = new SqlDamage(context);
    this.garbage = new SqlGarbage(context);
    this.outbox = new SqlOutbox(context);
  }

  async figures(): Promise<CatalogFigures> {
    const { rows } = await sql<CatalogFigures>`select
      (select count(*) from repositories) as "repositories",
      (select count(*) from manifests) as "manifests",
      (select count(*) from tags) as "tags",
      (select count(*) from blobs) as "blobs",
      (select coalesce(sum(size), 0) from blobs) as "blobBytes"`.execute(this.#context.database);
    const [figures] = rows;
    if (figures === undefined) throw new StorageError('STORAGE_FAILED', 'nothing was counted');
    return figures;
  }

  async close(): Promise<void> {
    await this.#context.database.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Opens the catalog in the SQLite file `path`, making or bringing it up to date first. `wallTime` gives milliseconds
 * since 1970; `before` may refuse a statement, by throwing; `changes` hears of changes. Throws StorageError.
 */
export async function openSqliteCatalog(
  path: string,
  wallTime: () => number,
  before?: (text: string) => void,
  changes?: ChangeListener,
): Promise<SqlCatalog> {
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true });
    // FULL: a commit is synced before it is answered, in WAL mode too.
    sqlite.exec('pragma journal_mode = wal; pragma synchronous = full;');
    const dialect = new SqliteDialect({ database: nodeSqliteDatabase(sqlite, before) });
    const database = new Kysely<CatalogSchema>({ dialect });
    await migrateCatalog(database as Kysely<unknown>, wallTime);
    return new SqlCatalog({ database, wallTime, changes });
  } catch (error) {
    if (sqlite?.isOpen === true) sqlite.close();
    if (error instanceof StorageError) throw error;
    throw storageFault(`cannot open the catalog ${path}`, error);
  }
}
