import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { digestHex, sha256Of, type Digest } from '../../src/oci/digest.ts';
import { blobStoreSuite, chunks, put, readAll } from '../../src/storage/blob-store-suite.ts';
import type { BlobStore, BlobUpload } from '../../src/storage/blob-store.ts';
import { systemFiles, type Files } from '../../src/storage/files.ts';
import { leastPart, S3Place } from './s3-place.ts';
import { withSwift } from './with-swift.ts';

withSwift('S3', (swift) => {
  blobStoreSuite('S3', () => S3Place.make(swift()));

  test('a blob of many parts is put together, and nothing of its upload is left', async () => {
    await using place = await S3Place.make(swift());
    await using store = await place.open();
    const bytes = randomBytes(2 * leastPart + 1000);
    const digest = await put(store, bytes);
    assert.deepEqual(await readAll(store, digest), bytes);
    const { objects, unfinished } = await swift().look(place.s3);
    assert.deepEqual(objects.toSorted(), [objectOf(digest), 'docket.id']);
    assert.deepEqual(unfinished, []);
    assert.deepEqual(await readdir(join(place.folder, 'uploads')), []);
  });

  test('chunks of any size are gathered to parts, and go on in the next process', async () => {
    await using place = await S3Place.make(swift());
    const bytes = randomBytes(2 * leastPart + 77);
    let id = '';
    {
      await using store = await place.open();
      const upload = await store.createUpload();
      ({ id } = upload);
      for (let at = 0; at < leastPart + 300_000; at += 100_001) {
        await upload.append(chunks(bytes.subarray(at, at + 100_001)));
        assert.equal(upload.size, Math.min(bytes.length, at + 100_001));
      }
      const { objects } = await swift().look(place.s3);
      assert.deepEqual(objects.toSorted(), ['docket.id', `uploads/${id}/00000`]);
    }
    await using store = await place.open();
    const upload = (await store.openUpload(id)) as BlobUpload;
    assert.ok(upload.size > leastPart + 300_000);
    await upload.append(chunks(bytes.subarray(upload.size)));
    assert.deepEqual(await collect(upload.read()), bytes);
    await upload.commit(sha256Of(bytes));
    assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
    assert.deepEqual(await readdir(join(place.folder, 'uploads')), []);
  });

  test('a discarded upload takes its objects along', async () => {
    await using place = await S3Place.make(swift());
    await using store = await place.open();
    const upload = await store.createUpload();
    await upload.append(chunks(randomBytes(leastPart + 10)));
    await upload.discard();
    assert.deepEqual((await swift().look(place.s3)).objects, ['docket.id']);
    assert.equal(await store.openUpload(upload.id), undefined);
  });

  test('objects of an upload whose folder is lost are listed, and go with it', async () => {
    await using place = await S3Place.make(swift());
    await using store = await place.open();
    const id = '01234567-89ab-cdef-0123-456789abcdef';
    for (const name of [`uploads/${id}/00000`, `uploads/${id}/00002`]) {
      await swift().change(place.s3, name, randomBytes(10));
    }
    const listed = [];
    for await (const entry of store.uploads()) listed.push(entry.id);
    assert.deepEqual(listed, [id]);
    const upload = await store.openUpload(id);
    assert.equal(upload?.size, 10);
    await upload?.discard();
    assert.deepEqual((await swift().look(place.s3)).objects, ['docket.id']);
    assert.deepEqual(await readdir(join(place.folder, 'uploads')), []);
  });

  test('uploads are listed though their chunks are sent at that moment', async () => {
    let isSending = false;
    const files: Files = {
      ...systemFiles,
      async *list(folder) {
        for await (const entry of systemFiles.list(folder)) {
          if (isSending && entry.name.endsWith('.00000')) await rm(join(folder, entry.name));
          yield entry;
        }
      },
    };
    await using place = await S3Place.make(swift());
    await using store = await place.open({ files });
    const [sent, other] = [await store.createUpload(), await store.createUpload()];
    await other.append(chunks(randomBytes(leastPart + 10)));
    await swift().change(place.s3, `uploads/${sent.id}/00000`, randomBytes(10));
    isSending = true;
    const listed = [];
    for await (const { id } of store.uploads()) listed.push(id);
    assert.deepEqual(listed.toSorted(), [sent.id, other.id].toSorted());
    assert.equal((await store.openUpload(sent.id))?.size, 10);
  });

  test('a multipart upload that a killed process left behind is given up', async () => {
    await using place = await S3Place.make(swift());
    await using store = await place.open();
    const { CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    const { openS3Client } = await import('../../src/storage/s3/open-s3-client.ts');
    const { client } = await openS3Client(place.s3);
    const Key = `${place.s3.prefix}blobs/sha256/00/left`;
    await client.send(new CreateMultipartUploadCommand({ Bucket: place.s3.bucket, Key }));
    client.destroy();
    assert.equal((await swift().look(place.s3)).unfinished.length, 1);
    await store.tidy();
    assert.deepEqual((await swift().look(place.s3)).unfinished, []);
  });

  test('a fresh read sees what the store has, not what the cache has', async () => {
    await using place = await S3Place.make(swift());
    await using store = await place.open();
    const bytes = randomBytes(1000);
    const digest = await put(store, bytes);
    assert.deepEqual(await readAll(store, digest), bytes);
    const other = randomBytes(1000);
    await swift().change(place.s3, objectOf(digest), other);
    assert.deepEqual(await readAll(store, digest), bytes);
    await using blob = await store.open(digest, { fresh: true });
    assert.ok(blob);
    assert.deepEqual(await collect(blob.read(0, 1000)), other);
  });

  test('a cached block that went bad, or is no block, is fetched anew', async () => {
    await using place = await S3Place.make(swift());
    const bytes = randomBytes(3000);
    let digest: Digest;
    {
      await using store = await place.open({ blockBytes: 1000 });
      digest = await put(store, bytes);
      assert.deepEqual(await readAll(store, digest), bytes);
    }
    const cache = join(place.folder, 'cache');
    const names = (await readdir(cache)).toSorted();
    assert.equal(names.length, 3);
    await writeFile(join(cache, names[0] ?? ''), randomBytes(1000));
    await writeFile(join(cache, names[1] ?? ''), randomBytes(10));
    await writeFile(join(cache, 'half.tmp'), 'x');
    await using store = await place.open({ blockBytes: 1000 });
    assert.equal((await readdir(cache)).includes('half.tmp'), false);
    assert.deepEqual(await readAll(store, digest), bytes);
  });

  test('a place of another registry is refused, and so is one that was emptied', async () => {
    await using place = await S3Place.make(swift());
    const digest = await fill(await place.open());
    await using other = await S3Place.make(swift(), { prefix: place.s3.prefix });
    await assert.rejects(other.open(), { code: 'STORAGE_GONE', message: /another registry/ });
    await using store = await place.open();
    await swift().change(place.s3, 'docket.id', undefined);
    await swift().change(place.s3, objectOf(digest), undefined);
    await assert.rejects(store.size(digest), { code: 'STORAGE_GONE' });
    await assert.rejects(store.check(), { code: 'STORAGE_GONE' });
    await assert.rejects(place.open(), { code: 'STORAGE_GONE', message: /emptied/ });
  });

  test('a blob that is removed while it is read goes with its last reader', async () => {
    await using place = await S3Place.make(swift());
    await using store = await place.open();
    const digest = await fill(store);
    const blob = await store.open(digest);
    assert.equal(await store.remove(digest), true);
    assert.equal(await store.remove(digest), false);
    for await (const entry of store.list()) assert.fail(entry.digest);
    await blob?.close();
    const deadline = Date.now() + 5000;
    while ((await swift().look(place.s3)).objects.length > 1) {
      assert.ok(Date.now() < deadline, 'the object stays');
      await delay(50);
    }
  });

  for (const [what, change, message] of [
    ['a bucket that is not there', { bucket: 'no-such-bucket' }, /there is no bucket|not hold/],
    [
      'a wrong secret',
      { credentials: { accessKeyId: 'docket:writer', secretAccessKey: 'wrong' } },
      /access key, its secret|may not do that/,
    ],
    [
      'an unknown key',
      { credentials: { accessKeyId: 'nobody', secretAccessKey: 'x' } },
      /access key|may not do that/,
    ],
    ['a store that is not there', { endpoint: 'http://127.0.0.1:9' }, /cannot reach http/],
  ] as const) {
    test(`${what} is told as what it is`, async () => {
      await using place = await S3Place.make(swift(), change);
      await assert.rejects(place.open(), message);
    });
  }
});

async function fill(store: BlobStore): Promise<Digest> {
  return await put(store, randomBytes(100));
}

function objectOf(digest: Digest): string {
  const hex = digestHex(digest);
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
