import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError, storageFault } from './storage-error.ts';

/** Milliseconds: two that come in the same moment may stand in each other's way for a little, and one of them must get it. */
const patience = 100;

/**
 * Sees to it that one process uses a folder. The lock is the operating system's, held through SQLite (Node has no call
 * for it): it ends with its process, however that dies, so a lock is never stale, and no process id can be mistaken.
 */
export class FolderLock implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Locks `folder`, which must be there. Throws StorageError STORAGE_LOCKED when another process holds it. */
  static take(folder: string): FolderLock {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(join(folder, 'docket.lock'), { timeout: patience });
      database.exec('begin exclusive');
      return new FolderLock(database);
    } catch (error) {
      database?.close();
      if (isBusy(error)) {
        throw new StorageError('STORAGE_LOCKED', `${folder} is in use by another docket process`, {
          cause: error,
        });
      }
      throw storageFault(`cannot lock ${folder}`, error);
    }
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
