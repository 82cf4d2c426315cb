import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { silentLog } from '../../base/log.ts';
import { digestHex, sha256Of } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { parseRepository, parseTag } from '../../oci/reference.ts';
import { metainfoOf } from '../../swarm/swarm-fixtures.ts';
import { encodeMetainfo } from '../../torrent/metainfo.ts';
import { TestFolder } from '../agent-fixture.ts';
import { ContentCache } from './content-cache.ts';

const bytes = Buffer.from('a blob');
const digest = sha256Of(bytes);
const repository = parseRepository('team/app');
const tag = parseTag('1');

async function filled(folder: string): Promise<ContentCache> {
  const cache = await ContentCache.open(folder, silentLog);
  await writeFile(cache.blobs.partialPath(digest), bytes);
  await cache.blobs.commit(digest, cache.blobs.partialPath(digest), true);
  return cache;
}

test('what is kept is there again after a restart', async () => {
  await using folder = await TestFolder.make();
  const manifest = Buffer.from(
    `{"schemaVersion":2,"config":{"mediaType":"${mediaTypes.ociConfig}","digest":"${digest}","size":6},"layers":[]}\n`,
  );
  const metainfo = metainfoOf(bytes);
  {
    await using cache = await filled(folder.path);
    await cache.manifests.put(sha256Of(manifest), mediaTypes.ociManifest, manifest);
    await cache.tags.put(repository, tag, sha256Of(manifest));
    await cache.torrents.put(digest, metainfo, encodeMetainfo(metainfo));
  }
  await using cache = await ContentCache.open(folder.path, silentLog);
  const blob = await cache.blobs.find(digest);
  assert.equal(blob?.size, bytes.length);
  assert.deepEqual(await readFile(blob.path), bytes);
  assert.equal(cache.blobs.bytes, bytes.length);
  const kept = await cache.manifests.find(sha256Of(manifest));
  assert.deepEqual(kept?.bytes, manifest);
  assert.equal(kept.mediaType, mediaTypes.ociManifest);
  assert.equal(await cache.tags.find(repository, tag), sha256Of(manifest));
  assert.equal((await cache.torrents.find(digest))?.infoHash, metainfo.infoHash);
  assert.equal((await cache.seed(metainfo.infoHash))?.path, blob.path);
  const seeds = [];
  for await (const seed of cache.seeds()) seeds.push(seed.digest);
  assert.deepEqual(seeds, [digest]);
});

test('a folder is open to one process at a time', async () => {
  await using folder = await TestFolder.make();
  {
    await using cache = await ContentCache.open(folder.path, silentLog);
    await assert.rejects(ContentCache.open(folder.path, silentLog), { code: 'STORAGE_LOCKED' });
    await cache.check();
  }
  await (await ContentCache.open(folder.path, silentLog)).close();
});

test('bytes do not become a blob under another digest', async () => {
  await using folder = await TestFolder.make();
  await using cache = await ContentCache.open(folder.path, silentLog);
  const other = sha256Of(Buffer.from('other'));
  await writeFile(cache.blobs.partialPath(other), bytes);
  await assert.rejects(cache.blobs.commit(other, cache.blobs.partialPath(other), true), {
    code: 'CACHE_DIGEST_WRONG',
  });
  assert.equal(await cache.blobs.find(other), undefined);
});

test('a blob that was damaged behind our back is not there any more', async () => {
  await using folder = await TestFolder.make();
  await using cache = await filled(folder.path);
  const blob = await cache.blobs.find(digest);
  assert.ok(blob);
  await writeFile(blob.path, 'A blob');
  assert.equal(await cache.blobs.find(digest), undefined);
  await assert.rejects(stat(blob.path), { code: 'ENOENT' });
  assert.equal(cache.blobs.bytes, 0);
});

test('a blob that vanished, or was emptied, is not there any more', async () => {
  await using folder = await TestFolder.make();
  {
    await using cache = await filled(folder.path);
    const blob = await cache.blobs.find(digest);
    assert.ok(blob);
    await rm(blob.path);
    assert.equal(await cache.blobs.find(digest), undefined);
    await writeFile(blob.path, '');
    assert.equal(await cache.blobs.find(digest), undefined);
    await writeFile(blob.path, '');
  }
  await using cache = await ContentCache.open(folder.path, silentLog);
  assert.equal(await cache.blobs.find(digest), undefined);
});

test('a damaged manifest, tag or torrent counts as absent', async () => {
  await using folder = await TestFolder.make();
  await using cache = await ContentCache.open(folder.path, silentLog);
  const manifest = Buffer.from('{"manifests":[]}');
  const metainfo = metainfoOf(bytes);
  for (const damage of ['', 'x', 'application/json\n{}', '{', '{"digest":"sha256:1"}']) {
    await cache.manifests.put(sha256Of(manifest), mediaTypes.ociIndex, manifest);
    await cache.tags.put(repository, tag, digest);
    await cache.torrents.put(digest, metainfo, encodeMetainfo(metainfo));
    for (const part of ['manifests/sha256', 'tags', 'torrents']) {
      const names = await readdir(path.join(folder.path, part));
      assert.notEqual(names.length, 0, part);
      for (const name of names) await writeFile(path.join(folder.path, part, name), damage);
    }
    assert.equal(await cache.manifests.find(sha256Of(manifest)), undefined);
    assert.equal(await cache.tags.find(repository, tag), undefined);
    assert.equal(await cache.torrents.find(digest), undefined);
    assert.equal(await cache.torrents.byInfoHash(metainfo.infoHash), undefined);
    assert.equal(await cache.seed(metainfo.infoHash), undefined);
  }
});

test('what a crash left half written is swept away at the next start', async () => {
  await using folder = await TestFolder.make();
  await (await filled(folder.path)).close();
  const left = path.join(folder.path, 'tags', '.0f0e0d0c-1111-4222-8333-444455556666.tmp');
  await writeFile(left, 'half');
  const old = path.join(folder.path, 'partial', digestHex(digest));
  const recent = `${old}.plain`;
  await writeFile(old, 'half');
  await writeFile(recent, 'half');
  await utimes(old, new Date(0), new Date(0));
  await (await ContentCache.open(folder.path, silentLog)).close();
  await assert.rejects(stat(left), { code: 'ENOENT' });
  await assert.rejects(stat(old), { code: 'ENOENT' });
  assert.equal(await readFile(recent, 'utf8'), 'half');
});

test('info hashes that nobody kept are answered without a look at the disk', async () => {
  await using folder = await TestFolder.make();
  const metainfo = metainfoOf(bytes);
  const encoded = encodeMetainfo(metainfo);
  await using cache = await filled(folder.path);
  // Only a look at the disk could find this one.
  const file = path.join(folder.path, 'torrents', `${metainfo.infoHash}.torrent`);
  await writeFile(file, encoded);
  assert.equal(await cache.seed(metainfo.infoHash), undefined);
  await cache.torrents.put(digest, metainfo, encoded);
  assert.notEqual(await cache.seed(metainfo.infoHash), undefined);
  await cache.torrents.drop(digest);
  await writeFile(file, encoded);
  assert.equal(await cache.seed(metainfo.infoHash), undefined);
});

test('tags of repositories whose names begin alike do not meet', async () => {
  await using folder = await TestFolder.make();
  await using cache = await ContentCache.open(folder.path, silentLog);
  await cache.tags.put(parseRepository('a'), parseTag('b'), digest);
  await cache.tags.put(parseRepository('a/b'), parseTag('b'), sha256Of(Buffer.from('2')));
  assert.equal(await cache.tags.find(parseRepository('a'), parseTag('b')), digest);
  await cache.tags.drop(parseRepository('a'), parseTag('b'));
  assert.equal(await cache.tags.find(parseRepository('a'), parseTag('b')), undefined);
  assert.notEqual(await cache.tags.find(parseRepository('a/b'), parseTag('b')), undefined);
});
