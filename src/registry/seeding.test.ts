import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { eventually } from '../../test/lab/eventually.ts';
import { sha256Of } from '../oci/digest.ts';
import type { InfoHash } from '../torrent/ids.ts';
import { parseMetainfo } from '../torrent/metainfo.ts';
import { bodyOf, openTestRegistry, other, pushBlob, team } from './registry-testing.ts';
import { silentAnnouncer } from './seeding.ts';

test('a torrent holds the SHA-1 and SHA-256 of each piece and the name of its blob', async () => {
  await using it = await openTestRegistry();
  const bytes = randomBytes(3 * 65_536 + 5);
  const digest = await pushBlob(it.registry, team, bytes);
  const { metainfo: encoded, infoHash } = await it.registry.seeding.torrents.get(digest);
  const metainfo = parseMetainfo(encoded);
  assert.equal(metainfo.infoHash, infoHash);
  assert.equal(metainfo.name, digest.replace(':', '-'));
  assert.equal(metainfo.length, bytes.length);
  assert.equal(metainfo.pieceLength, 65_536);
  assert.equal(metainfo.pieceCount, 4);
  for (const [algorithm, hashes] of [
    ['sha1', metainfo.sha1],
    ['sha256', metainfo.sha256],
  ] as const) {
    const expected = [0, 1, 2, 3].map((piece) =>
      createHash(algorithm)
        .update(bytes.subarray(piece * 65_536, (piece + 1) * 65_536))
        .digest(),
    );
    assert.deepEqual(hashes && Buffer.from(hashes), Buffer.concat(expected));
  }
});

test('a torrent is made by itself after a push, and once however many ask', async () => {
  await using it = await openTestRegistry();
  const { torrents } = it.registry.seeding;
  const digest = await pushBlob(it.registry, team, randomBytes(2_000_000));
  const records = await Promise.all([torrents.get(digest), torrents.get(digest)]);
  assert.equal(records[0], records[1]);
  const pushed = await pushBlob(it.registry, team, randomBytes(10));
  await eventually('the torrent of the push', () => it.registry.catalog.torrents.find(pushed));
});

test('the blob of no bytes has no torrent', async () => {
  await using it = await openTestRegistry();
  const digest = await pushBlob(it.registry, team, new Uint8Array());
  await assert.rejects(it.registry.seeding.torrents.get(digest), { code: 'BLOB_UNKNOWN' });
  assert.deepEqual(await it.registry.catalog.torrents.missing(), []);
});

test('what is seeded is the file of the blob; unknown info hashes are not', async () => {
  await using it = await openTestRegistry();
  const { seeding, store, blobs } = it.registry;
  const digest = await pushBlob(it.registry, team, randomBytes(100));
  const { infoHash } = await seeding.torrents.get(digest);
  assert.equal((await seeding.seed(infoHash))?.path, store.pathOf(digest));
  assert.equal(seeding.knows(infoHash), true);
  assert.equal(await seeding.seed('0'.repeat(40) as InfoHash), undefined);
  await rm(store.pathOf(digest));
  assert.equal(await seeding.seed(infoHash), undefined);
  await blobs.unlink(team, digest);
  assert.equal(seeding.knows(infoHash), false);
});

test('info hashes of no blob are answered without the catalog', async (t) => {
  await using it = await openTestRegistry();
  const { seeding, catalog } = it.registry;
  const { infoHash } = await seeding.torrents.get(
    await pushBlob(it.registry, team, randomBytes(100)),
  );
  const asked = t.mock.method(catalog.torrents, 'findByInfoHash');
  for (let count = 0; count < 100; count++)
    assert.equal(await seeding.seed(randomBytes(20).toString('hex') as InfoHash), undefined);
  assert.equal(asked.mock.callCount(), 0);
  assert.notEqual(await seeding.seed(infoHash), undefined);
  assert.equal(asked.mock.callCount(), 1);
});

test('a blob that is found damaged is seeded again once it is pushed again, and told of once', async () => {
  await using it = await openTestRegistry();
  const { seeding, store, blobs } = it.registry;
  const announced: InfoHash[] = [];
  await seeding.start({ add: (infoHashes) => void announced.push(...infoHashes), remove() {} });
  const bytes = randomBytes(100_000);
  const digest = await pushBlob(it.registry, team, bytes);
  const { infoHash } = await seeding.torrents.get(digest);
  const damages: readonly Buffer[] = [randomBytes(100_000), bytes.subarray(0, 50_000)];
  for (const [round, damage] of damages.entries()) {
    await writeFile(store.pathOf(digest), damage);
    // A shorter file is seen when a peer comes, another one when the swarm tells.
    if (round === 0) await seeding.damaged(infoHash);
    for (let peer = 0; peer < 5; peer++) assert.equal(await seeding.seed(infoHash), undefined);
    await eventually('the blob to be out of its repository', () =>
      blobs.stat(team, digest).then(
        () => false,
        () => true,
      ),
    );
    await eventually('the blob to be gone', async () => (await store.size(digest)) === undefined);
    assert.equal(it.logged.filter((line) => line.startsWith('cannot seed')).length, round + 1);
    await pushBlob(it.registry, team, bytes);
    assert.equal((await seeding.seed(infoHash))?.path, store.pathOf(digest));
  }
  assert.deepEqual(announced, [infoHash, infoHash, infoHash]);
});

test('a blob that is doubted is not seeded while it is hashed; when it is right it is seeded on', async () => {
  await using it = await openTestRegistry();
  const { seeding } = it.registry;
  const digest = await pushBlob(it.registry, team, randomBytes(20_000_000));
  const { infoHash } = await seeding.torrents.get(digest);
  const looking = seeding.damaged(infoHash);
  await eventually(
    'the line in the log',
    () => it.logged.some((line) => line.startsWith('cannot seed')),
    { every: 1 },
  );
  assert.ok((await seeding.seed(infoHash)) === undefined);
  await looking;
  assert.notEqual(await seeding.seed(infoHash), undefined);
});

test('a damaged blob gets no torrent and is removed, so that the next push heals it', async () => {
  await using it = await openTestRegistry();
  const { seeding, store, blobs, catalog } = it.registry;
  const bytes = randomBytes(100);
  const digest = sha256Of(bytes);
  const upload = await store.createUpload();
  await upload.commit(digest);
  await catalog.blobs.link(team, { digest, size: 100 });
  await writeFile(store.pathOf(digest), randomBytes(100));
  await assert.rejects(seeding.torrents.get(digest), { code: 'STORAGE_CORRUPT' });
  await assert.rejects(blobs.stat(team, digest), { code: 'BLOB_UNKNOWN' });
  await pushBlob(it.registry, team, bytes);
  await seeding.torrents.get(digest);
});

test('a blob that is healed while its torrent is made keeps its new file and gets its torrent', async () => {
  await using it = await openTestRegistry();
  const { seeding, store, blobs, uploads, catalog } = it.registry;
  const bytes = randomBytes(40_000_000);
  const digest = sha256Of(bytes);
  await (await store.createUpload()).commit(digest);
  await catalog.blobs.link(team, { digest, size: bytes.length });
  await writeFile(store.pathOf(digest), Buffer.alloc(bytes.length));
  const { id } = await uploads.start(team);
  await uploads.append(team, id, bodyOf(bytes));
  const making = seeding.torrents.get(digest);
  await uploads.finish(team, id, digest);
  assert.equal(parseMetainfo((await making).metainfo).length, bytes.length);
  assert.equal((await blobs.stat(team, digest)).size, bytes.length);
});

test('after a restart all torrents are announced, and the missing ones are made', async () => {
  await using first = await openTestRegistry();
  const digest = await pushBlob(first.registry, team, randomBytes(100));
  const { infoHash } = await first.registry.seeding.torrents.get(digest);
  const late = randomBytes(200);
  const upload = await first.registry.store.createUpload();
  await upload.append(
    (async function* () {
      yield late;
    })(),
  );
  await upload.commit(sha256Of(late));
  await first.registry.catalog.blobs.link(team, { digest: sha256Of(late), size: 200 });

  await using second = await first.restart();
  const announced: InfoHash[] = [];
  const withdrawn: InfoHash[] = [];
  await second.registry.seeding.start({
    add: (infoHashes) => void announced.push(...infoHashes),
    remove: (gone) => void withdrawn.push(gone),
  });
  assert.deepEqual(announced, [infoHash]);
  await eventually('both announces', () => announced.length === 2);
  await second.registry.blobs.mount(other, digest, team, () => true);
  await second.registry.blobs.unlink(team, digest);
  assert.deepEqual(withdrawn, []);
  await second.registry.blobs.unlink(other, digest);
  assert.deepEqual(withdrawn, [infoHash]);
});

test('a registry that closes while torrents are made ends at once, and makes them next time', async () => {
  await using first = await openTestRegistry();
  for (let blob = 0; blob < 5; blob++) {
    await pushBlob(first.registry, team, randomBytes(1_000_000));
  }
  await using second = await first.restart();
  await second.registry.seeding.start(silentAnnouncer);
  await eventually(
    'all torrents',
    async () => (await second.registry.catalog.torrents.list()).length === 5,
  );
});
