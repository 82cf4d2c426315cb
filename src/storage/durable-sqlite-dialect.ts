import {
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type CompiledQuery,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  type QueryResult,
  type SqliteDatabase,
} from 'kysely';

/**
 * SQLite, where whoever has changed something hears of it only after `synced`. The database itself is not made to sync its
 * commits: then each would hold up the whole process, while here one sync serves all that were committed before it.
 */
export class DurableSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase;
  readonly #synced: () => Promise<void>;

  constructor(database: SqliteDatabase, synced: () => Promise<void>) {
    super({ database });
    this.#database = database;
    this.#synced = synced;
  }

  override createDriver(): Driver {
    return new DurableDriver(this.#database, this.#synced);
  }

  override createAdapter(): DialectAdapter {
    return new SharingAdapter();
  }
}

/** The driver itself gives its one connection to one user at a time: the next one need not wait for the sync. */
class SharingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class DurableDriver extends SqliteDriver {
  readonly #synced: () => Promise<void>;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;
  #connection: Observed | undefined;

  constructor(database: SqliteDatabase, synced: () => Promise<void>) {
    super({ database });
    this.#synced = synced;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    this.#connection ??= new Observed(await super.acquireConnection());
    return this.#connection;
  }

  override async releaseConnection(): Promise<void> {
    const hasChanged = this.#connection?.takeChanged() ?? false;
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
    if (hasChanged) await this.#synced();
  }
}

/** A connection that knows whether something may have been changed by it. */
class Observed implements DatabaseConnection {
  readonly #connection: DatabaseConnection;
  #hasChanged = false;

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  takeChanged(): boolean {
    const hasChanged = this.#hasChanged;
    this.#hasChanged = false;
    return hasChanged;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (!isHarmless.test(query.sql)) this.#hasChanged = true;
    return await this.#connection.executeQuery<R>(query);
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

/** What changes nothing by itself. */
const isHarmless = /^\s*(?:select|begin|commit|rollback|savepoint|release)\b/i;
