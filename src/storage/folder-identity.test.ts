import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderIdentity } from './folder-identity.ts';

const gone = { code: 'STORAGE_GONE' };

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'docket-identity-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('a folder gets its identity once', async () => {
  await using folder = await temporaryFolder();
  await FolderIdentity.open(folder.path);
  const id = await readFile(join(folder.path, 'docket.id'), 'utf8');
  const identity = await FolderIdentity.open(folder.path, { mustExist: true });
  assert.equal(await readFile(join(folder.path, 'docket.id'), 'utf8'), id);
  await identity.expect();
  identity.expectNow();
});

test('where a registry must be, an empty folder is refused and left empty', async () => {
  await using folder = await temporaryFolder();
  await assert.rejects(FolderIdentity.open(folder.path, { mustExist: true }), gone);
  await assert.rejects(FolderIdentity.open(folder.path, { mustExist: true }), gone);
});

test('another folder at the same place is noticed, and so is the right one that comes back', async () => {
  await using folder = await temporaryFolder();
  const place = join(folder.path, 'place');
  const away = join(folder.path, 'away');
  await mkdir(place);
  const identity = await FolderIdentity.open(place);
  await rename(place, away);
  await assert.rejects(identity.expect(), gone);
  assert.throws(() => identity.expectNow(), gone);
  await mkdir(place);
  await assert.rejects(identity.expect(), gone);
  await FolderIdentity.open(place);
  await assert.rejects(identity.expect(), gone);
  assert.throws(() => identity.expectNow(), gone);
  // As a volume that was mounted anew: the same content in a file of another number.
  await copyFile(join(away, 'docket.id'), join(place, 'docket.id'));
  await identity.expect();
  identity.expectNow();
});

test('a file that holds something else is no identity', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'docket.id'), 'hello');
  await assert.rejects(FolderIdentity.open(folder.path), { code: 'STORAGE_CORRUPT' });
});
