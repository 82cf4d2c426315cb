import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import { systemFiles } from '../files.ts';
import { BlockCache, CacheWriteError, type BlockSource } from './block-cache.ts';

const blockBytes = 1000;

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-cache-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes that come from afar, and how often they were asked for. */
function afar(length: number) {
  const bytes = randomBytes(length);
  const asked: number[] = [];
  const source: BlockSource = async function* (start, end) {
    asked.push(start);
    yield bytes.subarray(start, start + 1);
    yield bytes.subarray(start + 1, end);
  };
  return { bytes, digest: sha256Of(bytes), asked, source };
}

type Afar = ReturnType<typeof afar>;

async function read(cache: BlockCache, { bytes, digest, source }: Afar, at: number) {
  using lease = await cache.lease(digest, bytes.length, at, source);
  const into = Buffer.alloc(blockBytes);
  const { bytesRead } = await lease.block.read(into, 0, into.length, at);
  assert.deepEqual(into.subarray(0, bytesRead), bytes.subarray(at, at + bytesRead));
  return bytesRead;
}

test('a block is fetched once for all who ask at a time, and for those after them', async (t) => {
  await using cache = await BlockCache.open(await folderOf(t), { mostBytes: 10_000, blockBytes });
  const blob = afar(2500);
  await Promise.all(Array.from({ length: 50 }, () => read(cache, blob, 1001)));
  assert.equal(await read(cache, blob, 2499), 1);
  assert.equal(await read(cache, blob, 1999), 1);
  assert.deepEqual(blob.asked, [1000, 2000]);
  assert.equal(cache.bytes, 1500);
});

test('what a process kept is there for the next one, within its bounds', async (t) => {
  const folder = await folderOf(t);
  const blob = afar(4000);
  {
    await using cache = await BlockCache.open(folder, { mostBytes: 10_000, blockBytes });
    for (const at of [0, 1000, 2000, 3000]) await read(cache, blob, at);
  }
  await using cache = await BlockCache.open(folder, { mostBytes: 2500, blockBytes });
  assert.equal(cache.bytes, 2000);
  blob.asked.length = 0;
  for (const at of [0, 1000, 2000, 3000]) await read(cache, blob, at);
  assert.ok(cache.bytes <= 2500);
  assert.ok(blob.asked.length >= 2);
});

test('a block in use stays readable when it is dropped, and is fetched anew for others', async (t) => {
  await using cache = await BlockCache.open(await folderOf(t), { mostBytes: 10_000, blockBytes });
  const blob = afar(900);
  {
    using lease = await cache.lease(blob.digest, 900, 0, blob.source);
    cache.drop(blob.digest);
    await read(cache, blob, 0);
    const into = Buffer.alloc(900);
    await lease.block.read(into, 0, 900, 0);
    assert.deepEqual(into, blob.bytes);
  }
  assert.deepEqual(blob.asked, [0, 0]);
});

test('what is fetched while its blob is dropped is not kept', async (t) => {
  const folder = await folderOf(t);
  await using cache = await BlockCache.open(folder, { mostBytes: 10_000, blockBytes });
  const blob = afar(900);
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const slow: BlockSource = async function* (start, end) {
    started.resolve();
    await release.promise;
    yield* blob.source(start, end);
  };
  const early = cache.lease(blob.digest, 900, 0, slow).then((lease) => lease[Symbol.dispose]());
  await started.promise;
  cache.drop(blob.digest);
  release.resolve();
  await early;
  blob.asked.length = 0;
  await read(cache, blob, 0);
  assert.equal(blob.asked.length <= 1, true);
  assert.equal((await readdir(folder)).length, 1);
});

test('a file that vanished is fetched anew, and a source that fails is asked again', async (t) => {
  const folder = await folderOf(t);
  const blob = afar(900);
  {
    await using cache = await BlockCache.open(folder, { mostBytes: 10_000, blockBytes });
    const failing: BlockSource = async function* () {
      yield Buffer.from('x');
      throw new Error('the line went dead');
    };
    await assert.rejects(cache.lease(blob.digest, 900, 0, failing), /went dead/);
    assert.equal(cache.bytes, 0);
    assert.deepEqual(await readdir(folder), []);
    await read(cache, blob, 0);
  }
  await using cache = await BlockCache.open(folder, { mostBytes: 10_000, blockBytes });
  for (const name of await readdir(folder)) await unlink(join(folder, name));
  await read(cache, blob, 0);
  assert.deepEqual(blob.asked, [0, 0]);
});

test('a disk that takes nothing is told apart from a source that fails', async (t) => {
  const files = {
    ...systemFiles,
    room: async () => ({ free: 0, total: 1e9 }),
  };
  const options = { mostBytes: 10_000, blockBytes, files };
  await using cache = await BlockCache.open(await folderOf(t), options);
  const blob = afar(900);
  await assert.rejects(cache.lease(blob.digest, 900, 0, blob.source), CacheWriteError);
  assert.equal(cache.bytes, 0);
  assert.deepEqual(blob.asked, []);
});
