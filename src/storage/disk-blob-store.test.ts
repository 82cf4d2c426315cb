import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256Of } from '../oci/digest.ts';
import { blobStoreSuite, chunks, put, readAll } from './blob-store-suite.ts';
import { DiskBlobStore } from './disk-blob-store.ts';
import { systemFiles, type Files } from './files.ts';

async function createHarness() {
  const folder = await mkdtemp(join(tmpdir(), 'docket-blobs-'));
  return {
    folder,
    open: () => DiskBlobStore.open(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

blobStoreSuite('the disk', createHarness);

test('an empty file left by a power loss is no blob, and the next push heals it', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const bytes = randomBytes(50);
  const digest = await put(store, bytes);
  await truncate(store.pathOf(digest), 0);
  assert.equal(await store.size(digest), undefined);
  assert.equal(await store.open(digest), undefined);
  await put(store, bytes);
  assert.deepEqual(await readAll(store, digest), bytes);
});

test('a corrupt file is replaced by the next push of the same blob', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const bytes = randomBytes(50);
  const digest = await put(store, bytes);
  await writeFile(store.pathOf(digest), randomBytes(50));
  await put(store, bytes);
  assert.deepEqual(await readAll(store, digest), bytes);
});

test('a missing folder of blobs is made again by the next push', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const bytes = randomBytes(50);
  const digest = await put(store, bytes);
  await rm(join(harness.folder, 'blobs'), { recursive: true });
  assert.equal(await store.size(digest), undefined);
  await put(store, bytes);
  assert.deepEqual(await readAll(store, digest), bytes);
});

test('a blob cut short while it is read is an error, never a short body', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const digest = await put(store, randomBytes(1000));
  await using blob = await store.open(digest);
  assert.ok(blob);
  await truncate(store.pathOf(digest), 400);
  await assert.rejects(
    async () => {
      for await (const _ of blob.read(0, blob.size));
    },
    { code: 'STORAGE_CORRUPT' },
  );
});

test('bytes beyond the durable ones are cut off before the upload goes on', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const bytes = randomBytes(1000);
  const upload = await store.createUpload();
  await upload.append(chunks(bytes.subarray(0, 500)));
  await writeFile(join(harness.folder, 'uploads', upload.id), randomBytes(4096), { flag: 'a' });
  await upload.append(chunks(bytes.subarray(500)));
  await upload.commit(sha256Of(bytes));
  assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
});

test('bytes beyond the durable ones never become a part of the blob', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const bytes = randomBytes(500);
  const upload = await store.createUpload();
  await upload.append(chunks(bytes));
  await writeFile(join(harness.folder, 'uploads', upload.id), randomBytes(4096), { flag: 'a' });
  await upload.commit(sha256Of(bytes));
  assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
});

test('an upload whose file lost bytes is an error, and no blob', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const bytes = randomBytes(500);
  const upload = await store.createUpload();
  await upload.append(chunks(bytes));
  await truncate(join(harness.folder, 'uploads', upload.id), 200);
  await assert.rejects(upload.commit(sha256Of(bytes)), { code: 'STORAGE_CORRUPT' });
  assert.equal(await store.size(sha256Of(bytes)), undefined);
});

test('a folder whose volume went away is an error, never an empty store, and nothing is written there', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const bytes = randomBytes(50);
  const digest = await put(store, bytes);
  const upload = await store.createUpload();
  await upload.append(chunks(bytes));
  const away = `${harness.folder}-away`;
  await rename(harness.folder, away);
  const gone = { code: 'STORAGE_GONE' };
  try {
    // As an unmounted volume leaves its mount point, with or without folders of the same names in it.
    await mkdir(join(harness.folder, 'uploads'), { recursive: true });
    await assert.rejects(store.size(digest), gone);
    await assert.rejects(store.open(digest), gone);
    await assert.rejects(store.remove(digest), gone);
    await assert.rejects(store.quarantine(digest), gone);
    await assert.rejects(store.createUpload(), gone);
    await assert.rejects(store.openUpload(upload.id), gone);
    await assert.rejects(upload.append(chunks(bytes)), { name: 'StorageError' });
    await assert.rejects(upload.commit(digest), { name: 'StorageError' });
    await assert.rejects(store.check(), gone);
    const listing = async (): Promise<void> => {
      for await (const entry of store.list()) assert.fail(entry.digest);
    };
    await assert.rejects(listing, gone);
    assert.deepEqual(await readdir(harness.folder, { recursive: true }), ['uploads']);
  } finally {
    await rm(harness.folder, { recursive: true });
    await rename(away, harness.folder);
  }
  await store.check();
  assert.deepEqual(await readAll(store, digest), bytes);
});

test('uploads leave room for what makes room, and go on when there is some', async () => {
  await using harness = await createHarness();
  let free = 1_000_000;
  const files = { ...systemFiles, room: async () => ({ free, total: 10_000_000 }) };
  const store = await DiskBlobStore.open(harness.folder, { files });
  const upload = await store.createUpload();
  await upload.append(chunks(randomBytes(10)));
  free = 150_000;
  const full = { code: 'STORAGE_FULL' };
  await assert.rejects(store.createUpload(), full);
  await assert.rejects(upload.append(chunks(randomBytes(10))), full);
  await assert.rejects(store.check(), full);
  assert.equal(upload.size, 10);
  free = 1_000_000;
  await store.check();
  await upload.append(chunks(randomBytes(10)));
  assert.equal(upload.size, 20);
});

test('after a failed write the check writes something, and passes when that went well', async () => {
  await using harness = await createHarness();
  let isBroken = false;
  const files: Files = {
    ...systemFiles,
    open: async (path, flags, mode) => {
      if (isBroken && flags === 'wx') throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return await systemFiles.open(path, flags, mode);
    },
  };
  const store = await DiskBlobStore.open(harness.folder, { files });
  isBroken = true;
  await store.check();
  await assert.rejects(store.createUpload(), { code: 'STORAGE_FAILED' });
  await assert.rejects(store.check(), { code: 'STORAGE_FAILED' });
  isBroken = false;
  await store.check();
});

test('a volume that became read-only fails its check, and is read on', async () => {
  await using harness = await createHarness();
  const refuse = async (): Promise<never> => {
    throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
  };
  let isReadOnly = false;
  const files: Files = {
    ...systemFiles,
    open: (path, flags, mode) =>
      isReadOnly && flags !== 'r' ? refuse() : systemFiles.open(path, flags, mode),
    expectWritable: (folder) => (isReadOnly ? refuse() : systemFiles.expectWritable(folder)),
  };
  const store = await DiskBlobStore.open(harness.folder, { files });
  const bytes = randomBytes(50);
  const digest = await put(store, bytes);
  isReadOnly = true;
  await assert.rejects(store.check(), { code: 'STORAGE_FAILED' });
  await assert.rejects(put(store, randomBytes(5)), { code: 'STORAGE_FAILED' });
  assert.deepEqual(await readAll(store, digest), bytes);
});

test('an upload whose file vanished fails with a storage error', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const upload = await store.createUpload();
  await rm(join(harness.folder, 'uploads', upload.id));
  await assert.rejects(upload.append(chunks(randomBytes(5))), { code: 'STORAGE_FAILED' });
});

test('uploads are private to their owner, and strange files beside them are ignored', async () => {
  await using harness = await createHarness();
  const store = await harness.open();
  const upload = await store.createUpload();
  const status = await stat(join(harness.folder, 'uploads', upload.id));
  assert.equal(status.mode & 0o777, 0o600);
  await writeFile(join(harness.folder, 'uploads', 'stray'), 'x');
  await mkdir(join(harness.folder, 'uploads', 'folder'));
  const ids = [];
  for await (const entry of store.uploads()) ids.push(entry.id);
  assert.deepEqual(ids, [upload.id]);
});

test('a blob is a file named by its digest', async () => {
  await using harness = await createHarness();
  const digest = await put(await harness.open(), new TextEncoder().encode('{}'));
  assert.equal(digest, 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  assert.deepEqual(await readdir(join(harness.folder, 'blobs', 'sha256', '44')), [
    '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  ]);
});

test('a folder that cannot be made is a storage error', async () => {
  await using harness = await createHarness();
  await writeFile(join(harness.folder, 'file'), '');
  await assert.rejects(DiskBlobStore.open(join(harness.folder, 'file')), {
    code: 'STORAGE_FAILED',
  });
});
