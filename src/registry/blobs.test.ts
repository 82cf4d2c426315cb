import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { sha256Of } from '../oci/digest.ts';
import { parseRepository, type Repository } from '../oci/reference.ts';
import { bodyOf, openTestRegistry, other, pushBlob, team } from './registry-testing.ts';

const anybody = (): boolean => true;

test('a blob is readable only through a repository that links it', async () => {
  await using it = await openTestRegistry();
  const { blobs } = it.registry;
  const digest = await pushBlob(it.registry, team, randomBytes(50));
  await (await blobs.open(team, digest)).close();
  await assert.rejects(blobs.open(other, digest), { code: 'BLOB_UNKNOWN' });
  await assert.rejects(blobs.stat(other, digest), { code: 'BLOB_UNKNOWN' });
  await assert.rejects(blobs.unlink(other, digest), { code: 'BLOB_UNKNOWN' });
});

test('a blob is mounted from a repository that has it, or from any, and from no other', async () => {
  await using it = await openTestRegistry();
  const { blobs } = it.registry;
  const digest = await pushBlob(it.registry, team, randomBytes(50));
  assert.equal(await blobs.mount(other, digest, other, anybody), false);
  assert.equal(await blobs.mount(other, sha256Of(randomBytes(5)), team, anybody), false);
  assert.equal(await blobs.mount(other, sha256Of(randomBytes(5)), undefined, anybody), false);
  await assert.rejects(blobs.stat(other, digest), { code: 'BLOB_UNKNOWN' });
  assert.equal(await blobs.mount(other, digest, team, anybody), true);
  assert.equal((await blobs.stat(other, digest)).size, 50);
  await blobs.unlink(other, digest);
  assert.equal(await blobs.mount(other, digest, undefined, anybody), true);
});

test('a blob is mounted only from where the client may pull, and what it may not looks absent', async () => {
  await using it = await openTestRegistry();
  const { blobs } = it.registry;
  const digest = await pushBlob(it.registry, team, randomBytes(50));
  const asked: Repository[] = [];
  const nobody = (source: Repository): Promise<boolean> => {
    asked.push(source);
    return Promise.resolve(false);
  };
  assert.equal(await blobs.mount(other, digest, team, nobody), false);
  assert.equal(await blobs.mount(other, digest, undefined, nobody), false);
  assert.deepEqual(asked, [team, team]);
  await assert.rejects(blobs.stat(other, digest), { code: 'BLOB_UNKNOWN' });
  const third = parseRepository('third');
  await blobs.mount(third, digest, team, anybody);
  const mayPullThird = (source: Repository): boolean => source === third;
  assert.equal(await blobs.mount(other, digest, undefined, mayPullThird), true);
  assert.equal((await blobs.stat(other, digest)).size, 50);
});

test('the file of a blob goes with its last link, and not before', async () => {
  await using it = await openTestRegistry();
  const { blobs, store } = it.registry;
  const digest = await pushBlob(it.registry, team, randomBytes(50));
  await blobs.mount(other, digest, team, anybody);
  await blobs.unlink(team, digest);
  await assert.rejects(blobs.stat(team, digest), { code: 'BLOB_UNKNOWN' });
  assert.equal((await blobs.stat(other, digest)).size, 50);
  await blobs.unlink(other, digest);
  assert.equal(await store.size(digest), undefined);
  assert.equal(await blobs.mount(team, digest, undefined, anybody), false);
});

test('a blob pushed and removed at the same time is whole or absent, never half', async () => {
  await using it = await openTestRegistry();
  const { blobs, store } = it.registry;
  const bytes = randomBytes(50);
  const digest = await pushBlob(it.registry, team, bytes);
  for (let round = 0; round < 20; round++) {
    await Promise.all([
      pushBlob(it.registry, team, bytes),
      blobs.unlink(team, digest).catch(() => {}),
    ]);
    const known = await it.registry.catalog.blobs.find(team, digest);
    assert.equal(await store.size(digest), known === undefined ? undefined : 50);
  }
});

for (const [damage, apply] of [
  ['missing', (path: string) => rm(path)],
  ['empty', (path: string) => truncate(path, 0)],
  ['cut short', (path: string) => truncate(path, 20)],
  ['too long', (path: string) => writeFile(path, 'x', { flag: 'a' })],
] as const) {
  test(`a blob whose file is ${damage} is absent, and pushing it again heals it`, async () => {
    await using it = await openTestRegistry();
    const { blobs, store } = it.registry;
    const bytes = randomBytes(50);
    const digest = await pushBlob(it.registry, team, bytes);
    await apply(store.pathOf(digest));
    await assert.rejects(blobs.stat(team, digest), { code: 'BLOB_UNKNOWN' });
    await assert.rejects(blobs.open(team, digest), { code: 'BLOB_UNKNOWN' });
    assert.equal(await blobs.mount(other, digest, undefined, anybody), false);
    await pushBlob(it.registry, team, bytes);
    assert.equal((await blobs.stat(team, digest)).size, 50);
    await (await blobs.open(team, digest)).close();
  });
}

test('a sweep removes the files that no repository links, and no others', async () => {
  await using it = await openTestRegistry();
  const { blobs, store, catalog } = it.registry;
  const kept = await pushBlob(it.registry, team, randomBytes(50));
  const orphan = randomBytes(60);
  const upload = await store.createUpload();
  await upload.append(bodyOf(orphan).chunks);
  await upload.commit(sha256Of(orphan));
  assert.equal(await blobs.sweep(), 1);
  assert.equal(await store.size(sha256Of(orphan)), undefined);
  assert.equal((await blobs.stat(team, kept)).size, 50);
  assert.ok(await catalog.blobs.findAnywhere(kept));
  assert.equal(await blobs.sweep(), 0);
});

test('a sweep takes nothing from those who push at the same time', async () => {
  await using it = await openTestRegistry();
  const many = Array.from({ length: 40 }, () => randomBytes(50));
  const pushing = Promise.all(many.map((bytes) => pushBlob(it.registry, team, bytes)));
  const pushed = pushing.then(() => true);
  const sweep = async (): Promise<boolean> => (await it.registry.blobs.sweep()) < 0;
  while (!(await Promise.race([pushed, sweep()])));
  for (const digest of await pushing)
    assert.equal((await it.registry.blobs.stat(team, digest)).size, 50);
});
