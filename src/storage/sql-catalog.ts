import { Kysely, sql } from 'kysely';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { migrateCatalog } from './catalog-migrations.ts';
import type { CatalogContext, CatalogSchema } from './catalog-schema.ts';
import type { Catalog, CatalogFigures } from './catalog.ts';
import { syncFolder } from './durable-file.ts';
import { DurableSqliteDialect } from './durable-sqlite-dialect.ts';
import { nodeSqliteDatabase } from './node-sqlite-database.ts';
import type { ChangeListener } from './outbox.ts';
import { SharedSync } from './shared-sync.ts';
import { SqlBlobs } from './sql-blobs.ts';
import { SqlDamage } from './sql-damage.ts';
import { SqlGarbage } from './sql-garbage.ts';
import { SqlManifests } from './sql-manifests.ts';
import { SqlOutbox } from './sql-outbox.ts';
import { SqlRepositories } from './sql-repositories.ts';
import { SqlRobots } from './sql-robots.ts';
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
  readonly robots: SqlRobots;
  readonly #context: CatalogContext;
  readonly #closed: () => Promise<void>;

  /** `closed` is called at the end. */
  constructor(context: CatalogContext, closed = (): Promise<void> => Promise.resolve()) {
    this.#context = context;
    this.#closed = closed;
    this.repositories = new SqlRepositories(context);
    this.blobs = new SqlBlobs(context);
    this.manifests = new SqlManifests(context);
    this.torrents = new SqlTorrents(context);
    this.uploads = new SqlUploads(context);
    this.damage = new SqlDamage(context);
    this.garbage = new SqlGarbage(context);
    this.outbox = new SqlOutbox(context);
    this.robots = new SqlRobots(context);
  }

  async figures(): Promise<CatalogFigures> {
    const { rows } = await sql<CatalogFigures>`select
      (select count(*) from repositories) as "repositories",
      (select count(*) from manifests) as "manifests",
      (select count(*) from tags) as "tags",
      (select count(*) from damaged_blobs) as "damagedBlobs",
      (select count(*) from blobs) as "blobs",
      (select coalesce(sum(size), 0) from blobs) as "blobBytes"`.execute(this.#context.database);
    const [figures] = rows;
    if (figures === undefined) throw new StorageError('STORAGE_FAILED', 'nothing was counted');
    return figures;
  }

  async close(): Promise<void> {
    await this.#context.database.destroy();
    await this.#closed();
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
  await using opened = new AsyncDisposableStack();
  try {
    sqlite = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true });
    // NORMAL: SQLite syncs what keeps the database whole in a power loss, and the log of commits is synced here, before a
    // commit is answered.
    sqlite.exec('pragma journal_mode = wal; pragma synchronous = normal;');
    let log: FileHandle | undefined;
    const sync = new SharedSync(async () => {
      try {
        // It is there from the first use of the database on, until that is closed.
        log ??= opened.use(await open(`${path}-wal`, 'r+'));
        await log.datasync();
      } catch (error) {
        throw storageFault('cannot sync the catalog', error);
      }
    });
    const durable = new DurableSqliteDialect(nodeSqliteDatabase(sqlite, before), () => sync.wait());
    const database = new Kysely<CatalogSchema>({ dialect: durable });
    await migrateCatalog(database as Kysely<unknown>, wallTime);
    // The names of the files, too.
    await sync.wait();
    await syncFolder(dirname(path));
    const closing = opened.move();
    return new SqlCatalog({ database, wallTime, changes }, () => closing.disposeAsync());
  } catch (error) {
    if (sqlite?.isOpen === true) sqlite.close();
    if (error instanceof StorageError) throw error;
    throw storageFault(`cannot open the catalog ${path}`, error);
  }
}
