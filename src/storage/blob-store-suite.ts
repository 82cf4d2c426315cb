import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { sha256Of, digestOf, type Digest } from '../oci/digest.ts';
import type { BlobStore, BlobUpload } from './blob-store.ts';

/** One place that keeps blobs, to be opened more than once. */
export interface BlobStoreHarness extends AsyncDisposable {
  /** Opens the place; the suite closes each store before it opens the next. */
  open(): Promise<BlobStore>;
}

/** What every BlobStore must do. */
export function blobStoreSuite(name: string, createHarness: () => Promise<BlobStoreHarness>): void {
  const withStore = (run: (store: BlobStore, harness: BlobStoreHarness) => Promise<void>) => {
    return async (): Promise<void> => {
      await using harness = await createHarness();
      await using store = await harness.open();
      await run(store, harness);
    };
  };

  suite(`${name} as a blob store`, () => {
    test(
      'a blob is readable as soon as its commit is answered',
      withStore(async (store) => {
        const bytes = randomBytes(700_001);
        const digest = await put(store, bytes);
        assert.equal(await store.size(digest), bytes.length);
        assert.deepEqual(await readAll(store, digest), bytes);
      }),
    );

    for (const algorithm of ['sha256', 'sha512'] as const) {
      test(
        `the blob of no bytes can be kept under ${algorithm}`,
        withStore(async (store) => {
          const digest = digestOf(algorithm, new Uint8Array());
          assert.equal(await store.size(digest), undefined);
          const upload = await store.createUpload();
          await upload.commit(digest);
          assert.equal(await store.size(digest), 0);
          assert.deepEqual(await readAll(store, digest), Buffer.alloc(0));
        }),
      );
    }

    test(
      'any part of a blob can be read',
      withStore(async (store) => {
        const bytes = randomBytes(600_000);
        const digest = await put(store, bytes);
        await using blob = await store.open(digest);
        assert.ok(blob);
        for (const [start, end] of [
          [0, 1],
          [599_999, 600_000],
          [1000, 500_000],
          [7, 7],
        ] as const) {
          assert.deepEqual(await collect(blob.read(start, end)), bytes.subarray(start, end));
          const into = Buffer.alloc(end - start);
          await blob.readInto(into, start);
          assert.deepEqual(into, bytes.subarray(start, end));
        }
      }),
    );

    test(
      'a blob that was never stored is not there',
      withStore(async (store) => {
        const digest = sha256Of(randomBytes(8));
        assert.equal(await store.size(digest), undefined);
        assert.equal(await store.open(digest), undefined);
        assert.equal(await store.remove(digest), false);
      }),
    );

    test(
      'an upload is no blob before its commit, nor after it is discarded',
      withStore(async (store) => {
        const bytes = randomBytes(100);
        const upload = await store.createUpload();
        await upload.append(chunks(bytes));
        assert.equal(await store.size(sha256Of(bytes)), undefined);
        await upload.discard();
        await upload.discard();
        assert.equal(await store.size(sha256Of(bytes)), undefined);
        assert.equal(await store.openUpload(upload.id), undefined);
      }),
    );

    test(
      'a removed blob is gone, but whoever had it open reads on',
      withStore(async (store) => {
        const bytes = randomBytes(300_000);
        const digest = await put(store, bytes);
        await using blob = await store.open(digest);
        assert.equal(await store.remove(digest), true);
        assert.equal(await store.size(digest), undefined);
        assert.deepEqual(blob && (await collect(blob.read(0, blob.size))), bytes);
      }),
    );

    test(
      'all blobs are listed, and uploads are none',
      withStore(async (store) => {
        const many = Array.from({ length: 20 }, () => randomBytes(100));
        for (const bytes of many) await put(store, bytes);
        const upload = await store.createUpload();
        await upload.append(chunks(randomBytes(10)));
        const before = Date.now() - 60_000;
        const listed = new Map<Digest, number>();
        for await (const { digest, size, changedAt } of store.list()) {
          assert.ok(changedAt > before);
          listed.set(digest, size);
        }
        assert.deepEqual(
          [...listed.keys()].toSorted(),
          many.map((bytes) => sha256Of(bytes)).toSorted(),
        );
        assert.ok([...listed.values()].every((size) => size === 100));
      }),
    );

    test('a blob in quarantine is not there, also in the next process, until it is stored again', async () => {
      await using harness = await createHarness();
      const bytes = randomBytes(1000);
      {
        await using store = await harness.open();
        const digest = await put(store, bytes);
        assert.equal(await store.quarantine(digest), true);
        assert.equal(await store.quarantine(digest), false);
        assert.equal(await store.size(digest), undefined);
        assert.equal(await store.open(digest), undefined);
      }
      await using store = await harness.open();
      assert.equal(await store.size(sha256Of(bytes)), undefined);
      for await (const { digest } of store.list()) assert.fail(digest);
      await put(store, bytes);
      assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
      assert.equal(await store.quarantine(sha256Of(bytes)), true);
    });

    test(
      'an upload grows over several appends and reads back what it holds',
      withStore(async (store) => {
        const bytes = randomBytes(1000);
        const upload = await store.createUpload();
        assert.match(upload.id, /^[0-9a-zA-Z-]+$/);
        await upload.append(chunks(bytes.subarray(0, 400)));
        assert.equal(upload.size, 400);
        await upload.append(chunks(bytes.subarray(400)));
        assert.equal(upload.size, 1000);
        assert.deepEqual(await collect(upload.read()), bytes);
        await upload.commit(sha256Of(bytes));
        assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
        assert.equal(await store.openUpload(upload.id), undefined);
      }),
    );

    test(
      'what a broken sender sent is kept, and the upload goes on from there',
      withStore(async (store) => {
        const bytes = randomBytes(1000);
        const upload = await store.createUpload();
        const broken = async function* (): AsyncIterable<Uint8Array> {
          yield bytes.subarray(0, 300);
          throw new Error('the line went dead');
        };
        await assert.rejects(upload.append(broken()), /the line went dead/);
        assert.equal(upload.size, 300);
        await upload.append(chunks(bytes.subarray(300)));
        await upload.commit(sha256Of(bytes));
        assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
      }),
    );

    test('an upload goes on in the next process from what is durable', async () => {
      await using harness = await createHarness();
      const bytes = randomBytes(1000);
      let id: string;
      {
        await using store = await harness.open();
        const upload = await store.createUpload();
        await upload.append(chunks(bytes.subarray(0, 600)));
        id = upload.id;
      }
      await using store = await harness.open();
      const upload = (await store.openUpload(id)) as BlobUpload;
      assert.equal(upload.size, 600);
      assert.deepEqual(await collect(upload.read()), bytes.subarray(0, 600));
      await upload.append(chunks(bytes.subarray(600)));
      await upload.commit(sha256Of(bytes));
      assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
    });

    test('blobs outlive the process', async () => {
      await using harness = await createHarness();
      const bytes = randomBytes(1000);
      {
        await using store = await harness.open();
        await put(store, bytes);
      }
      await using store = await harness.open();
      assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
    });

    test(
      'two uploads of the same blob at once both succeed',
      withStore(async (store) => {
        const bytes = randomBytes(200_000);
        const digests = await Promise.all([put(store, bytes), put(store, bytes)]);
        assert.deepEqual(await readAll(store, digests[0]), bytes);
      }),
    );

    test(
      'uploads are listed with the time of their last bytes',
      withStore(async (store) => {
        const before = Date.now() - 2000;
        const upload = await store.createUpload();
        await upload.append(chunks(randomBytes(10)));
        const entries = [];
        for await (const entry of store.uploads()) entries.push(entry);
        assert.deepEqual(
          entries.map((entry) => entry.id),
          [upload.id],
        );
        assert.ok((entries[0]?.changedAt ?? 0) > before);
      }),
    );

    for (const id of ['', '..', '../blobs', 'a/b', '.', 'x'.repeat(300), '\0']) {
      test(
        `${JSON.stringify(id.slice(0, 10))} names no upload`,
        withStore(async (store) => assert.equal(await store.openUpload(id), undefined)),
      );
    }

    test(
      'a store that can be written passes its check and is left as it was',
      withStore(async (store) => {
        await store.check();
        for await (const entry of store.uploads()) assert.fail(entry.id);
      }),
    );
  });
}

/** The bytes as a body arrives: in several chunks. */
export async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** Stores bytes under their SHA-256 digest. */
export async function put(store: BlobStore, bytes: Uint8Array): Promise<Digest> {
  const upload = await store.createUpload();
  await upload.append(chunks(bytes));
  await upload.commit(sha256Of(bytes));
  return sha256Of(bytes);
}

/** All bytes of a blob, which must be there. */
export async function readAll(store: BlobStore, digest: Digest): Promise<Buffer> {
  await using blob = await store.open(digest);
  assert.ok(blob);
  return await collect(blob.read(0, blob.size));
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
