import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { catalogSuite } from './catalog-suite.ts';
import { openSqliteCatalog } from './sql-catalog.ts';

async function createHarness() {
  const folder = await mkdtemp(join(tmpdir(), 'docket-catalog-'));
  const path = join(folder, 'catalog.db');
  return {
    path,
    open: () => openSqliteCatalog(path, Date.now),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

catalogSuite('SQLite', createHarness);

test('the catalog of a later version is refused and left alone', async () => {
  await using harness = await createHarness();
  await (await harness.open()).close();
  const database = new DatabaseSync(harness.path);
  database.exec('insert into schema_versions values (1000, 0)');
  database.close();
  await assert.rejects(harness.open(), { code: 'STORAGE_TOO_NEW' });
});

test('a file that is no database is a storage error', async () => {
  await using harness = await createHarness();
  await writeFile(harness.path, 'This is not a database at all, only text. '.repeat(100));
  await assert.rejects(harness.open(), { name: 'StorageError' });
});

test('the catalog writes ahead, so that readers and a crash see whole changes only', async () => {
  await using harness = await createHarness();
  await (await harness.open()).close();
  const database = new DatabaseSync(harness.path);
  const row = database.prepare('pragma journal_mode').get();
  database.close();
  assert.equal(row?.['journal_mode'], 'wal');
});
