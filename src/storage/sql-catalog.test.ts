import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { sha256Of } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseRepository } from '../oci/reference.ts';
import { catalogSuite } from './catalog-suite.ts';
import { garbageSuite } from './garbage-suite.ts';
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
garbageSuite('SQLite', createHarness);

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

test('a catalog of the first version learns what its manifests point to', async () => {
  await using harness = await createHarness();
  const repository = parseRepository('team/app');
  const config = { digest: sha256Of(Buffer.from('{}')), size: 2 };
  const bytes = Buffer.from(
    JSON.stringify({ config: { mediaType: mediaTypes.ociConfig, ...config }, layers: [] }),
  );
  const digest = sha256Of(bytes);
  {
    await using catalog = await harness.open();
    await catalog.blobs.link(repository, config);
    const record = { digest, mediaType: mediaTypes.ociManifest, bytes };
    await catalog.manifests.put(repository, { ...record, subject: undefined, imageSize: 2 }, [], {
      blobs: [config.digest],
      manifests: [],
    });
  }
  const database = new DatabaseSync(harness.path);
  database.exec(`
    drop table outbox;
    drop table manifest_references;
    drop table damaged_blobs;
    drop table robots;
    alter table uploads drop column owner;
    alter table manifests drop column touched_at;
    alter table repository_blobs drop column touched_at;
    delete from schema_versions where version > 1;
  `);
  database.close();
  await using catalog = await harness.open();
  assert.deepEqual(await catalog.garbage.pointersTo(repository, config.digest, {}), [digest]);
  const [link] = await catalog.garbage.links(repository, {});
  assert.ok((link?.touchedAt ?? 0) > Date.now() - 60_000);
  assert.equal(link?.isReferenced, true);
});

test('changes made at the same time are all in the files when they are answered', async () => {
  await using harness = await createHarness();
  await using catalog = await harness.open();
  const repository = parseRepository('team/app');
  const blobs = Array.from({ length: 20 }, (_, index) => ({
    digest: sha256Of(Buffer.from(String(index))),
    size: index,
  }));
  await Promise.all(blobs.map((blob) => catalog.blobs.link(repository, blob)));
  // A copy of the files as they are, without those of the open database's close, is what a killed process leaves.
  await using copy = await createHarness();
  await copyFile(harness.path, copy.path);
  await copyFile(`${harness.path}-wal`, `${copy.path}-wal`);
  await using left = await copy.open();
  const digests = blobs.map(({ digest }) => digest);
  assert.equal((await left.blobs.sizes(repository, digests)).size, 20);
});
