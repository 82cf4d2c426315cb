import type { SqliteDatabase } from 'kysely';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { messageOf } from '../base/errors.ts';
import { StorageError, type StorageErrorCode } from './storage-error.ts';

/** Statements that are kept prepared: the texts of all that are used often. */
const mostPrepared = 200;

/**
 * `node:sqlite` in the form that kysely's SQLite dialect expects. Statements throw StorageError. `before` is called with the
 * text of each statement before it is run; what it throws, the statement throws.
 */
export function nodeSqliteDatabase(
  database: DatabaseSync,
  before: (text: string) => void = () => {},
): SqliteDatabase {
  const prepared = new Map<string, StatementSync>();
  const prepare = (text: string): StatementSync => {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    if (prepared.size >= mostPrepared) prepared.clear();
    const statement = asStorage(() => database.prepare(text));
    prepared.set(text, statement);
    return statement;
  };
  return {
    close: () => database.close(),
    prepare: (text) => {
      // A full disk ends a transaction by itself; the rollback that follows must not hide why.
      const isIdle = text === 'rollback' && !database.isTransaction;
      const statement = prepare(isIdle ? 'select 1 where false' : text);
      const values = (parameters: readonly unknown[]): SQLInputValue[] =>
        parameters as SQLInputValue[];
      return {
        reader: statement.columns().length > 0,
        // The rows come without a prototype, which no other driver does.
        all: (parameters) =>
          asStorage(() => {
            before(text);
            return statement.all(...values(parameters));
          }).map((row) => ({ ...row })),
        run: (parameters) =>
          asStorage(() => {
            before(text);
            return statement.run(...values(parameters));
          }),
        // Of its own: others may run the same text before it has ended.
        iterate: (parameters) => database.prepare(text).iterate(...values(parameters)),
      };
    },
  };
}

/** What SQLite's primary result codes mean for us; all others are `STORAGE_FAILED`. */
const codes: ReadonlyMap<number, StorageErrorCode> = new Map([
  [11, 'STORAGE_CORRUPT'],
  [13, 'STORAGE_FULL'],
  [26, 'STORAGE_CORRUPT'],
]);

function asStorage<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    const result = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) : 0;
    const code = codes.get(result & 0xff) ?? 'STORAGE_FAILED';
    throw new StorageError(code, `the catalog's database: ${messageOf(cause)}`, { cause });
  }
}
