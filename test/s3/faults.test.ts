import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256Of } from '../../src/oci/digest.ts';
import { chunks, put, readAll } from '../../src/storage/blob-store-suite.ts';
import { FaultPlan, faultyFiles } from '../../src/storage/fault-testing.ts';
import { FaultProxy, pass, type Fate, type Passing } from '../lab/fault-proxy.ts';
import { leastPart, S3Place } from './s3-place.ts';
import { withSwift } from './with-swift.ts';

const slowDown: Fate = { kind: 'refuse', status: 503, code: 'SlowDown' };
const broken: Fate = { kind: 'refuse', status: 500, code: 'InternalError' };
const denied: Fate = { kind: 'refuse', status: 403, code: 'AccessDenied' };

withSwift('an S3 store that does harm', (swift) => {
  /** Of each kind of request, every third one meets its fate, the first one too. */
  const everyThird = (fate: (request: Passing) => Fate) => {
    const counts = new Map<string, number>();
    return (request: Passing): Fate => {
      const kind = `${request.method} ${request.path.replace(/.*\?/, '?').slice(0, 12)}`;
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      return count % 3 === 0 ? fate(request) : pass;
    };
  };

  for (const [what, fate] of [
    ['503 SlowDown', () => slowDown],
    ['500', () => broken],
    ['answers that get lost', () => ({ kind: 'lose' }) as const],
    ['answers that are cut', ({ method }: Passing) => (method === 'GET' ? cut : pass)],
  ] as const) {
    test(`blobs come and go whole through ${what}`, async () => {
      await using proxy = await FaultProxy.start(swift().endpoint);
      await using place = await S3Place.make(swift(), { endpoint: proxy.endpoint });
      await using store = await place.open();
      proxy.plan = everyThird(fate);
      const [small, large] = [randomBytes(5000), randomBytes(leastPart + 500_000)];
      for (const bytes of [small, large]) {
        const digest = await put(store, bytes);
        assert.deepEqual(await readAll(store, digest), bytes);
      }
      assert.equal(await store.remove(sha256Of(small)), true);
      proxy.plan = () => pass;
      // A multipart upload is begun twice when the store's answer to the first was lost.
      await store.tidy();
      const { objects, unfinished } = await swift().look(place.s3);
      assert.equal(objects.length, 2);
      assert.deepEqual(unfinished, []);
    });
  }

  test('a read that goes quiet goes on over another connection', async () => {
    await using proxy = await FaultProxy.start(swift().endpoint);
    const options = { endpoint: proxy.endpoint, patience: 300 };
    await using place = await S3Place.make(swift(), options);
    await using store = await place.open();
    const bytes = randomBytes(1_000_000);
    const digest = await put(store, bytes);
    let stalled = 0;
    proxy.plan = ({ method, path }) =>
      method === 'GET' && path.includes('/blobs/') && stalled++ < 2
        ? { kind: 'stall', after: 300_000 }
        : pass;
    assert.deepEqual(await readAll(store, digest), bytes);
    assert.equal(stalled, 3);
  });

  test('what a store refuses to take stays here, and is sent when it takes it again', async () => {
    await using proxy = await FaultProxy.start(swift().endpoint);
    await using place = await S3Place.make(swift(), { endpoint: proxy.endpoint });
    await using store = await place.open();
    const bytes = randomBytes(leastPart + 1000);
    const upload = await store.createUpload();
    proxy.plan = ({ method }) => (method === 'PUT' ? denied : pass);
    await assert.rejects(upload.append(chunks(bytes)), {
      code: 'STORAGE_FAILED',
      message: /these credentials may not do that/,
    });
    assert.equal(upload.size, bytes.length);
    await assert.rejects(upload.commit(sha256Of(bytes)), { code: 'STORAGE_FAILED' });
    await assert.rejects(store.check(), { code: 'STORAGE_FAILED' });
    proxy.plan = () => pass;
    await store.check();
    await upload.commit(sha256Of(bytes));
    assert.deepEqual(await readAll(store, sha256Of(bytes)), bytes);
  });

  for (const kind of ['error', 'dead', 'full'] as const) {
    test(`a local disk that fails at any step (${kind}) costs no blob, and leaves what is collected`, async (t) => {
      await using place = await S3Place.make(swift());
      await (await place.open()).close();
      const bytes = randomBytes(leastPart + 1000);
      const digest = sha256Of(bytes);
      const push = async (plan: FaultPlan): Promise<boolean> => {
        await using store = await place.open({ files: faultyFiles(plan) });
        const upload = await store.createUpload();
        await upload.append(chunks(bytes));
        await upload.commit(digest);
        return true;
      };
      const counting = new FaultPlan(kind, Infinity);
      await push(counting);
      const count = counting.steps.length;
      // Some of them in each run, others in the next.
      const stride = 4;
      const first = 1 + Math.floor(Math.random() * stride);
      t.diagnostic(`${count} steps, every ${stride}th from ${first}`);
      for (let step = first; step <= count; step += stride) {
        const plan = new FaultPlan(kind, step);
        const wasAnswered = await push(plan).catch(() => false);
        await using store = await place.open();
        const size = await store.size(digest);
        if (wasAnswered) assert.equal(size, bytes.length, `at ${plan.steps.at(-1)}`);
        if (size !== undefined) assert.deepEqual(await readAll(store, digest), bytes);
        for await (const { id } of store.uploads()) await (await store.openUpload(id))?.discard();
        await store.tidy();
        await store.remove(digest);
        const left = await swift().look(place.s3);
        assert.deepEqual(left, { objects: ['docket.id'], unfinished: [] }, `step ${step}`);
        assert.deepEqual(await readdir(join(place.folder, 'uploads')), [], `step ${step}`);
      }
    });
  }

  test('a wrong clock is told', async () => {
    await using proxy = await FaultProxy.start(swift().endpoint);
    await using place = await S3Place.make(swift(), { endpoint: proxy.endpoint });
    proxy.plan = () => ({ kind: 'refuse', status: 403, code: 'RequestTimeTooSkewed' });
    await assert.rejects(place.open(), { code: 'STORAGE_FAILED', message: /set the clock/ });
  });

  test('a thousand readers cost the store one read of each block', async () => {
    await using proxy = await FaultProxy.start(swift().endpoint);
    await using place = await S3Place.make(swift(), { endpoint: proxy.endpoint });
    await using store = await place.open({ blockBytes: 65_536 });
    const bytes = randomBytes(4 * 65_536);
    const digest = await put(store, bytes);
    const before = proxy.seen.length;
    await using blob = await store.open(digest);
    assert.ok(blob);
    const piece = async (at: number): Promise<void> => {
      for await (const part of blob.read(at, at + 16_384)) {
        assert.deepEqual(Buffer.from(part), bytes.subarray(at, at + 16_384));
      }
    };
    await Promise.all(Array.from({ length: 1000 }, (_, at) => piece((at % 16) * 16_384)));
    assert.equal(proxy.count('GET', '/blobs/'), 4);
    assert.ok(proxy.seen.length - before <= 5);
  });

  test('blocks that do not fit any more go, those that were not used the longest first', async () => {
    await using proxy = await FaultProxy.start(swift().endpoint);
    const options = { endpoint: proxy.endpoint, cacheBytes: 3000 };
    await using place = await S3Place.make(swift(), options);
    await using store = await place.open({ blockBytes: 1000 });
    const digest = await put(store, randomBytes(4000));
    await using blob = await store.open(digest);
    assert.ok(blob);
    const look = async (block: number): Promise<void> => {
      for await (const part of blob.read(block * 1000, block * 1000 + 1)) assert.ok(part);
    };
    for (const block of [0, 1, 2, 0, 3, 0, 2]) await look(block);
    assert.equal(proxy.count('GET', '/blobs/'), 4);
    await look(1);
    assert.equal(proxy.count('GET', '/blobs/'), 5);
  });
});

const cut: Fate = { kind: 'cut', after: 1000 };
