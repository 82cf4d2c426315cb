import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { digestOf, sha256Of } from '../oci/digest.ts';
import { StorageError } from '../storage/storage-error.ts';
import { bodyOf, openTestRegistry, other, pushBlob, team } from './registry-testing.ts';
import type { UploadBody } from './upload-session.ts';

test('an upload in three chunks becomes a blob of its repository', async () => {
  await using it = await openTestRegistry();
  const { uploads, blobs } = it.registry;
  const bytes = randomBytes(300);
  const { id, size } = await uploads.start(team);
  assert.equal(size, 0);
  const range = (first: number, last: number) => ({ first, last });
  await uploads.append(team, id, bodyOf(bytes.subarray(0, 100)), range(0, 99));
  const status = await uploads.append(team, id, bodyOf(bytes.subarray(100, 200)));
  assert.equal(status.size, 200);
  assert.equal((await uploads.status(team, id)).size, 200);
  await uploads.finish(team, id, sha256Of(bytes), bodyOf(bytes.subarray(200)), range(200, 299));
  assert.equal((await blobs.stat(team, sha256Of(bytes))).size, 300);
  await assert.rejects(uploads.status(team, id), { code: 'BLOB_UPLOAD_UNKNOWN' });
  assert.deepEqual(await readdir(join(it.folder, 'uploads')), []);
});

test('an upload can be closed with a SHA-512 digest, announced or not', async () => {
  await using it = await openTestRegistry();
  const { uploads, blobs } = it.registry;
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const bytes = randomBytes(300);
    const digest = digestOf('sha512', bytes);
    const { id } = await uploads.start(team, algorithm);
    await uploads.finish(team, id, digest, bodyOf(bytes));
    assert.equal((await blobs.stat(team, digest)).size, 300);
  }
});

test('chunks out of order are refused and the upload goes on where it was', async () => {
  await using it = await openTestRegistry();
  const { uploads, blobs } = it.registry;
  const bytes = randomBytes(200);
  const { id } = await uploads.start(team);
  const first = { first: 0, last: 99 };
  await uploads.append(team, id, bodyOf(bytes.subarray(0, 100)), first);
  for (const range of [first, { first: 150, last: 249 }, { first: 100, last: 120 }]) {
    await assert.rejects(uploads.append(team, id, bodyOf(bytes.subarray(0, 100)), range), {
      code: 'RANGE_INVALID',
    });
  }
  assert.equal((await uploads.status(team, id)).size, 100);
  await uploads.finish(team, id, sha256Of(bytes), bodyOf(bytes.subarray(100)));
  assert.equal((await blobs.stat(team, sha256Of(bytes))).size, 200);
});

test('a wrong digest ends the upload and leaves nothing behind', async () => {
  await using it = await openTestRegistry();
  const { uploads, blobs } = it.registry;
  const bytes = randomBytes(100);
  const { id } = await uploads.start(team);
  await assert.rejects(uploads.finish(team, id, sha256Of(bytes), bodyOf(randomBytes(100))), {
    code: 'DIGEST_INVALID',
  });
  await assert.rejects(blobs.stat(team, sha256Of(bytes)), { code: 'BLOB_UNKNOWN' });
  assert.deepEqual(await readdir(join(it.folder, 'uploads')), []);
});

test('a blob that the catalog cannot take leaves neither a file nor an upload, and can be pushed again', async () => {
  await using it = await openTestRegistry();
  const { uploads, blobs, store } = it.registry;
  using database = new DatabaseSync(join(it.folder, 'catalog.db'));
  database.exec(`create trigger broken before insert on repository_blobs
    begin select raise(abort, 'broken'); end`);
  const bytes = randomBytes(100);
  const { id } = await uploads.start(team);
  await assert.rejects(uploads.finish(team, id, sha256Of(bytes), bodyOf(bytes)), /broken/);
  assert.equal(await store.size(sha256Of(bytes)), undefined);
  await assert.rejects(uploads.status(team, id), { code: 'BLOB_UPLOAD_UNKNOWN' });
  database.exec('drop trigger broken');
  await pushBlob(it.registry, team, bytes);
  assert.equal((await blobs.stat(team, sha256Of(bytes))).size, 100);
});

test('a full disk ends an upload and gets its room back', async () => {
  await using it = await openTestRegistry();
  const { uploads } = it.registry;
  const { id } = await uploads.start(team);
  const full: UploadBody = {
    chunks: (async function* () {
      yield randomBytes(100);
      throw new StorageError('STORAGE_FULL', 'no room');
    })(),
    length: 500,
    stop() {},
  };
  await assert.rejects(uploads.append(team, id, full), { code: 'STORAGE_FULL' });
  await assert.rejects(uploads.status(team, id), { code: 'BLOB_UPLOAD_UNKNOWN' });
  assert.deepEqual(await readdir(join(it.folder, 'uploads')), []);
});

test('an upload goes on after a restart, and its digest is still checked over all bytes', async () => {
  await using first = await openTestRegistry();
  const bytes = randomBytes(1000);
  const { id } = await first.registry.uploads.start(team);
  await first.registry.uploads.append(team, id, bodyOf(bytes.subarray(0, 600)));
  await using second = await first.restart();
  const { uploads, blobs } = second.registry;
  assert.equal((await uploads.status(team, id)).size, 600);
  await uploads.append(team, id, bodyOf(bytes.subarray(600)));
  await uploads.finish(team, id, sha256Of(bytes));
  assert.equal((await blobs.stat(team, sha256Of(bytes))).size, 1000);
});

test('what arrived before the connection broke is kept and counted', async () => {
  await using it = await openTestRegistry();
  const { uploads, blobs } = it.registry;
  const bytes = randomBytes(500);
  const { id } = await uploads.start(team);
  const broken: UploadBody = {
    chunks: (async function* () {
      yield bytes.subarray(0, 200);
      throw new Error('the line went dead');
    })(),
    length: 500,
    stop() {},
  };
  await assert.rejects(uploads.append(team, id, broken), /the line went dead/);
  assert.equal((await uploads.status(team, id)).size, 200);
  await uploads.finish(team, id, sha256Of(bytes), bodyOf(bytes.subarray(200)));
  assert.equal((await blobs.stat(team, sha256Of(bytes))).size, 500);
});

test('a newer request takes the upload over from one that hangs', async () => {
  await using it = await openTestRegistry();
  const { uploads, blobs } = it.registry;
  const bytes = randomBytes(500);
  const { id } = await uploads.start(team);
  const arrived = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  const hanging: UploadBody = {
    chunks: (async function* () {
      yield bytes.subarray(0, 200);
      arrived.resolve();
      await stopped.promise;
    })(),
    length: undefined,
    stop: stopped.reject,
  };
  const old = uploads.append(team, id, hanging);
  old.catch(() => {});
  await arrived.promise;
  const young = uploads.finish(team, id, sha256Of(bytes), bodyOf(bytes.subarray(200)));
  await assert.rejects(old, { code: 'BLOB_UPLOAD_INVALID' });
  await young;
  assert.equal((await blobs.stat(team, sha256Of(bytes))).size, 500);
});

test('an upload belongs to the repository it was begun in', async () => {
  await using it = await openTestRegistry();
  const { uploads } = it.registry;
  const { id } = await uploads.start(team);
  for (const attempt of [
    uploads.status(other, id),
    uploads.append(other, id, bodyOf(randomBytes(1))),
    uploads.finish(other, id, sha256Of(new Uint8Array())),
    uploads.cancel(other, id),
    uploads.status(team, '../../catalog.db'),
  ]) {
    await assert.rejects(attempt, { code: 'BLOB_UPLOAD_UNKNOWN' });
  }
  assert.equal((await uploads.status(team, id)).size, 0);
});

test('a cancelled upload is gone, on disk too', async () => {
  await using it = await openTestRegistry();
  const { uploads } = it.registry;
  const { id } = await uploads.start(team);
  await uploads.append(team, id, bodyOf(randomBytes(10)));
  await uploads.cancel(team, id);
  await assert.rejects(uploads.cancel(team, id), { code: 'BLOB_UPLOAD_UNKNOWN' });
  await assert.rejects(uploads.append(team, id, bodyOf(randomBytes(1))), {
    code: 'BLOB_UPLOAD_UNKNOWN',
  });
  assert.deepEqual(await readdir(join(it.folder, 'uploads')), []);
});

test('a blob beyond the limit is refused as soon as it is exceeded', async () => {
  await using it = await openTestRegistry({ blobBytes: 100 });
  const { uploads } = it.registry;
  const { id } = await uploads.start(team);
  await uploads.append(team, id, bodyOf(randomBytes(100)));
  let asked = 0;
  const endless: UploadBody = {
    chunks: (async function* () {
      for (; asked < 1000; asked++) yield randomBytes(10);
    })(),
    length: undefined,
    stop() {},
  };
  await assert.rejects(uploads.append(team, id, endless), { code: 'SIZE_INVALID' });
  assert.ok(asked < 3);
});

test('too many uploads of one client end the one that was quiet the longest, and no other client loses one', async () => {
  await using it = await openTestRegistry({ sessionsPerClient: 2 });
  const { uploads } = it.registry;
  const begin = async (client: string): Promise<string> =>
    (await uploads.start(team, 'sha256', client)).id;
  const others = await begin('other');
  const [first, second] = [await begin('flood'), await begin('flood')];
  await uploads.append(team, first, bodyOf(randomBytes(9)));
  const third = await begin('flood');
  await assert.rejects(uploads.status(team, second), { code: 'BLOB_UPLOAD_UNKNOWN' });
  for (const id of [others, first, third]) await uploads.status(team, id);
  assert.equal(uploads.underWay, 3);
  assert.equal((await it.registry.catalog.uploads.list()).length, 3);
});

test('too many uploads in all end one of the client that has most', async () => {
  await using it = await openTestRegistry({ sessions: 3 });
  const { uploads } = it.registry;
  const begin = async (client: string): Promise<string> =>
    (await uploads.start(team, 'sha256', client)).id;
  const others = await begin('other');
  const flood = [await begin('flood'), await begin('flood')];
  const late = await begin('late');
  await assert.rejects(uploads.status(team, flood[0] ?? ''), { code: 'BLOB_UPLOAD_UNKNOWN' });
  for (const id of [others, flood[1] ?? '', late]) await uploads.status(team, id);
});

test('an upload that is being received never gives way: then the new one is refused', async () => {
  await using it = await openTestRegistry({ sessions: 1 });
  const { uploads } = it.registry;
  const { id } = await uploads.start(team);
  const { promise: rest, resolve: sendRest } = Promise.withResolvers<Uint8Array>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const bytes = randomBytes(20);
  const body = {
    chunks: (async function* () {
      yield bytes.subarray(0, 10);
      begin();
      yield await rest;
    })(),
    length: 20,
    stop() {},
  };
  const receiving = uploads.append(team, id, body);
  await begun;
  await assert.rejects(uploads.start(team), { code: 'TOOMANYREQUESTS' });
  sendRest(bytes.subarray(10));
  await receiving;
  await uploads.finish(team, id, sha256Of(bytes));
  await uploads.start(team);
});

test('uploads are given up by the time of their last bytes, not of their start', async () => {
  await using it = await openTestRegistry({ abandonedAfter: 1000 });
  const { uploads } = it.registry;
  const old = await uploads.start(team);
  const young = await uploads.start(team);
  const past = Date.now() / 1000 - 10;
  await utimes(join(it.folder, 'uploads', old.id), past, past);
  await utimes(join(it.folder, 'uploads', young.id), past, past);
  await uploads.append(team, young.id, bodyOf(randomBytes(1)));
  await uploads.sweep(Date.now());
  await assert.rejects(uploads.status(team, old.id), { code: 'BLOB_UPLOAD_UNKNOWN' });
  assert.equal((await uploads.status(team, young.id)).size, 1);
  assert.equal((await it.registry.catalog.uploads.list()).length, 1);
});
