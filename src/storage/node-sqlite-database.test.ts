import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kysely, sql, SqliteDialect } from 'kysely';
import { DatabaseSync } from 'node:sqlite';
import { nodeSqliteDatabase } from './node-sqlite-database.ts';

function open() {
  const sqlite = new DatabaseSync(':memory:');
  sqlite.exec('create table notes (text text not null unique)');
  const dialect = new SqliteDialect({ database: nodeSqliteDatabase(sqlite) });
  const database = new Kysely<{ readonly notes: { readonly text: string } }>({ dialect });
  return { sqlite, database, [Symbol.asyncDispose]: () => database.destroy() };
}

test('rows are plain objects', async () => {
  await using it = open();
  await it.database.insertInto('notes').values({ text: 'a' }).execute();
  assert.deepEqual(await it.database.selectFrom('notes').selectAll().execute(), [{ text: 'a' }]);
});

test('a full database is told from other faults, and goes on when there is room again', async () => {
  await using it = open();
  const { page_count: pages } = it.sqlite.prepare('pragma page_count').get() ?? {};
  it.sqlite.exec(`pragma max_page_count = ${Number(pages)}`);
  const fill = (): Promise<unknown> =>
    it.database.transaction().execute((transaction) =>
      transaction
        .insertInto('notes')
        .values({ text: 'x'.repeat(100_000) })
        .execute(),
    );
  await assert.rejects(fill(), { code: 'STORAGE_FULL' });
  await assert.rejects(fill(), { code: 'STORAGE_FULL' });
  it.sqlite.exec('pragma max_page_count = 1000');
  await fill();
});

test('a statement that breaks a rule is a failure, and its transaction leaves nothing', async () => {
  await using it = open();
  await assert.rejects(
    it.database.transaction().execute(async (transaction) => {
      await transaction.insertInto('notes').values({ text: 'a' }).execute();
      await transaction.insertInto('notes').values({ text: 'a' }).execute();
    }),
    { code: 'STORAGE_FAILED' },
  );
  await assert.rejects(sql`select nonsense`.execute(it.database), { code: 'STORAGE_FAILED' });
  assert.deepEqual(await it.database.selectFrom('notes').selectAll().execute(), []);
});
