import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Unlimited, type RateLimiter } from '../base/rate-limiter.ts';
import { sha256Of, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { manifestReference } from '../oci/reference.ts';
import type { BlobSource } from './healing.ts';
import { imageManifest, openTestRegistry, other, pushBlob, team } from './registry-testing.ts';
import type { Registry } from './registry.ts';
import type { VerificationStatus } from './verification.ts';

async function verify(registry: Registry, repair = false): Promise<VerificationStatus> {
  assert.equal(registry.verification.start({ repair, limiter: new Unlimited() }), true);
  await registry.verification.ended;
  const { status } = registry.verification;
  assert.ok(status);
  return status;
}

/** Has these blobs, as they are: a source may be wrong. */
function sourceOf(blobs: ReadonlyMap<Digest, Uint8Array>, name = 'the swarm'): BlobSource {
  return {
    name,
    async fetch({ digest }) {
      const bytes = blobs.get(digest);
      if (bytes === undefined) return undefined;
      return {
        chunks: (async function* () {
          yield bytes;
        })(),
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

test('a registry in which all is well is found to be', async () => {
  await using it = await openTestRegistry();
  assert.equal(it.registry.verification.status, undefined);
  const [config, layer] = [randomBytes(100), randomBytes(700_000)];
  for (const bytes of [config, layer, Buffer.alloc(0)]) await pushBlob(it.registry, team, bytes);
  await it.registry.manifests.put(team, {
    reference: manifestReference('1'),
    bytes: imageManifest(config, layer),
    contentType: mediaTypes.ociManifest,
    tags: [],
  });
  const status = await verify(it.registry);
  assert.equal(status.state, 'done');
  assert.deepEqual(status.blobs, { total: 3, checked: 3 });
  assert.deepEqual(status.bytes, { total: 700_100, checked: 700_100 });
  assert.equal(status.manifests.checked, 1);
  assert.equal(status.badCount, 0);
  assert.ok((status.endedAt ?? 0) >= status.startedAt);
});

test('what is wrong is found, and what has wrong bytes is put aside: it is not there until it is pushed again', async () => {
  await using it = await openTestRegistry();
  const { store, blobs, catalog } = it.registry;
  const [flipped, short, missing, good] = [1, 2, 3, 4].map(() => randomBytes(500));
  assert.ok(flipped && short && missing && good);
  for (const bytes of [flipped, short, missing, good]) await pushBlob(it.registry, team, bytes);
  await blobs.mount(other, sha256Of(flipped), team, () => true);
  const wrong = Buffer.from(flipped);
  wrong[250] = ~(wrong[250] ?? 0) & 0xff;
  await writeFile(store.pathOf(sha256Of(flipped)), wrong);
  await writeFile(store.pathOf(sha256Of(short)), short.subarray(0, 100));
  await rm(store.pathOf(sha256Of(missing)));

  const status = await verify(it.registry);
  assert.equal(status.badCount, 3);
  const problems = new Map(status.bad.map((bad) => [bad.digest, bad]));
  assert.equal(problems.get(sha256Of(flipped))?.problem, 'damaged');
  assert.deepEqual(problems.get(sha256Of(flipped))?.repositories, [team, other]);
  assert.equal(problems.get(sha256Of(short))?.problem, 'damaged');
  assert.equal(problems.get(sha256Of(missing))?.problem, 'missing');
  for (const bytes of [flipped, short, missing]) {
    await assert.rejects(blobs.stat(team, sha256Of(bytes)), { code: 'BLOB_UNKNOWN' });
  }
  assert.equal((await blobs.stat(team, sha256Of(good))).size, 500);
  assert.equal((await readdir(join(it.folder, 'quarantine'))).length, 2);

  await using next = await it.restart();
  assert.equal((await next.registry.catalog.damage.list()).length, 3);
  await pushBlob(next.registry, team, flipped);
  assert.equal((await next.registry.blobs.stat(other, sha256Of(flipped))).size, 500);
  assert.deepEqual(
    (await next.registry.catalog.damage.list()).map(({ digest }) => digest).toSorted(),
    [sha256Of(short), sha256Of(missing)].toSorted(),
  );
  assert.equal((await verify(next.registry)).badCount, 2);
  assert.ok(catalog);
});

test('what is wrong is healed from a source that has it right, and from no other', async () => {
  await using it = await openTestRegistry();
  const { store, blobs, catalog, healing } = it.registry;
  const [one, two, three] = [1, 2, 3].map(() => randomBytes(50_000));
  assert.ok(one && two && three);
  for (const bytes of [one, two, three]) {
    await pushBlob(it.registry, team, bytes);
    await writeFile(store.pathOf(sha256Of(bytes)), randomBytes(50_000));
  }
  const liar = new Map([one, two, three].map((bytes) => [sha256Of(bytes), randomBytes(50_000)]));
  healing.add(sourceOf(liar, 'a liar'));
  healing.add({ name: 'a wreck', fetch: () => Promise.reject(new Error('it is down')) });
  healing.add(sourceOf(new Map([one, two].map((bytes) => [sha256Of(bytes), bytes]))));
  const status = await verify(it.registry, true);
  assert.deepEqual([status.badCount, status.healedCount], [3, 2]);
  for (const { digest, healedFrom } of status.bad) {
    assert.equal(healedFrom, digest === sha256Of(three) ? undefined : 'the swarm');
  }
  for (const bytes of [one, two]) {
    await using blob = await blobs.open(team, sha256Of(bytes));
    for await (const part of blob.read(0, 1)) assert.equal(part[0], bytes[0]);
  }
  await assert.rejects(blobs.stat(team, sha256Of(three)), { code: 'BLOB_UNKNOWN' });
  assert.deepEqual(
    (await catalog.damage.list()).map(({ digest }) => digest),
    [sha256Of(three)],
  );
  assert.deepEqual(await readdir(join(it.folder, 'uploads')), []);
  assert.equal((await verify(it.registry)).badCount, 1);
});

test('a blob that the seeder finds damaged is healed without being told to', async () => {
  await using it = await openTestRegistry();
  const { store, seeding, healing } = it.registry;
  const bytes = randomBytes(50_000);
  const digest = await pushBlob(it.registry, team, bytes);
  const { infoHash } = await seeding.torrents.get(digest);
  healing.add(sourceOf(new Map([[digest, bytes]])));
  await writeFile(store.pathOf(digest), randomBytes(50_000));
  await seeding.damaged(infoHash);
  await healing.settled();
  assert.equal((await verify(it.registry)).badCount, 0);
  assert.ok(await seeding.seed(infoHash));
});

test('a damaged manifest is found, never given away, and healed by the next push', async () => {
  await using it = await openTestRegistry();
  const config = randomBytes(20);
  await pushBlob(it.registry, team, config);
  const bytes = imageManifest(config);
  const push = {
    reference: manifestReference('1'),
    bytes,
    contentType: mediaTypes.ociManifest,
    tags: [],
  };
  await it.registry.manifests.put(team, push);
  const database = new DatabaseSync(join(it.folder, 'catalog.db'));
  database.prepare('update manifests set bytes = ?').run(Buffer.from('{}'));
  database.close();
  const status = await verify(it.registry);
  assert.deepEqual(
    status.bad.map(({ kind, digest, problem }) => [kind, digest, problem]),
    [['manifest', sha256Of(bytes), 'damaged']],
  );
  await assert.rejects(it.registry.manifests.get(team, push.reference), {
    code: 'STORAGE_CORRUPT',
  });
  await it.registry.manifests.put(team, push);
  assert.equal((await verify(it.registry)).badCount, 0);
  await it.registry.manifests.get(team, push.reference);
});

test('one verification runs at a time, and can be cancelled', async () => {
  await using it = await openTestRegistry();
  const { verification } = it.registry;
  await pushBlob(it.registry, team, randomBytes(600_000));
  let isAsked = (): void => {};
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  const never: RateLimiter = {
    take: () => {
      isAsked();
      return new Promise(() => {});
    },
    total: 0,
    burst: 1,
  };
  assert.equal(verification.start({ repair: false, limiter: never }), true);
  await asked;
  assert.equal(verification.start({ repair: true, limiter: never }), false);
  assert.equal(verification.status?.state, 'running');
  await verification.cancel();
  assert.equal(verification.status?.state, 'cancelled');
  assert.equal((await verify(it.registry)).state, 'done');
});

test('where the volume is gone nothing is found to be bad', async () => {
  await using it = await openTestRegistry();
  const digest = await pushBlob(it.registry, team, randomBytes(500));
  await rm(join(it.folder, 'docket.id'));
  await rm(it.registry.store.pathOf(digest));
  const status = await verify(it.registry);
  assert.equal(status.state, 'failed');
  assert.match(status.error ?? '', /volume/);
  assert.equal(status.badCount, 0);
  assert.deepEqual(await it.registry.catalog.damage.list(), []);
  assert.ok(await stat(it.folder));
});
