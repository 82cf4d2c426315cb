import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import { parseRepository, parseTag } from '../../oci/reference.ts';
import { bodyOf, other, pushBlob, team } from '../registry-testing.ts';
import type { GcSummary } from './gc-report.ts';
import {
  AgingRegistry,
  grace,
  indexOf,
  longAfter,
  manifestDescriptor,
  named,
} from './gc-testing.ts';

const config = Buffer.from('{}');
const layer = Buffer.from('layer');
const anybody = (): boolean => true;

test('a blob that no manifest came for goes after the grace, and its repository with it', async () => {
  await using it = await AgingRegistry.open();
  const digest = await pushBlob(it.registry, team, layer);
  it.age(grace);
  assert.deepEqual(await it.collect(), []);
  it.age(grace);
  const expected = [`blob ${team} ${digest}`, `repository ${team}`];
  // A dry run does not see yet that the repository would be empty.
  assert.deepEqual(named(await it.collect({ dryRun: true })), expected.slice(0, 1));
  assert.equal((await it.registry.catalog.blobs.findAnywhere(digest))?.size, layer.length);
  const items = await it.collect();
  assert.deepEqual(named(items), expected);
  assert.equal(await it.registry.store.size(digest), undefined);
  assert.equal(await it.registry.catalog.blobs.findAnywhere(digest), undefined);
  assert.equal(await it.registry.catalog.repositories.exists(team), false);
});

test('torrent, info hash and seed end with the blob', async () => {
  await using it = await AgingRegistry.open();
  const withdrawn: string[] = [];
  const { seeding, catalog } = it.registry;
  await seeding.start({ add() {}, remove: (infoHash) => void withdrawn.push(infoHash) });
  const digest = await pushBlob(it.registry, team, layer);
  const { infoHash } = await seeding.torrents.get(digest);
  assert.equal(seeding.knows(infoHash), true);
  it.age(longAfter);
  await it.collect();
  assert.deepEqual(withdrawn, [infoHash]);
  assert.equal(seeding.knows(infoHash), false);
  assert.equal(await seeding.seed(infoHash), undefined);
  assert.equal(await catalog.torrents.find(digest), undefined);
});

test('an image, its index and what is about it stay as long as a tag, then go together', async () => {
  await using it = await AgingRegistry.open();
  const image = await it.pushImage(team, {}, config, layer);
  await it.put(team, image);
  const index = indexOf(image);
  await it.put(team, index);
  await it.put(team, indexOf(index), 'v1');
  const signature = await it.pushImage(team, { subject: manifestDescriptor(image) }, config);
  await it.put(team, signature);
  const note = await it.pushImage(
    team,
    { subject: manifestDescriptor(signature) },
    config,
    Buffer.from('note'),
  );
  await it.put(team, note);
  it.age(10 * longAfter);
  assert.deepEqual(await it.collect(), []);
  await it.registry.manifests.remove(team, { kind: 'tag', tag: parseTag('v1') });
  it.age(grace / 2);
  assert.deepEqual(await it.collect(), [], 'the tag went a moment ago');
  it.age(longAfter);
  const dry = named(await it.collect({ dryRun: true }));
  const gone = await it.collect();
  assert.equal(gone.filter(({ kind }) => kind === 'manifest').length, 5);
  assert.equal(gone.filter(({ kind }) => kind === 'blob').length, 3);
  assert.deepEqual(
    named(gone).filter((name) => !name.startsWith('repository')),
    dry,
  );
  for await (const file of it.registry.store.list()) assert.fail(file.digest);
});

test('a blob that was found, mounted or pushed again within the grace waits for its manifest', async () => {
  await using it = await AgingRegistry.open();
  const { blobs } = it.registry;
  for (const use of [
    () => blobs.stat(team, sha256Of(layer)),
    () => blobs.mount(team, sha256Of(layer), other, anybody),
    () => pushBlob(it.registry, team, layer),
  ]) {
    await pushBlob(it.registry, team, layer);
    await pushBlob(it.registry, other, layer);
    it.age(longAfter);
    await use();
    it.age(grace);
    await it.collect();
    const image = await it.pushImage(team, {}, config);
    assert.equal((await blobs.stat(team, sha256Of(layer))).size, layer.length, String(use));
    assert.ok(image);
  }
});

test('a manifest that was found within the grace waits for its index', async () => {
  await using it = await AgingRegistry.open();
  const image = await it.pushImage(team, {}, config, layer);
  const digest = await it.put(team, image);
  it.age(longAfter);
  await it.registry.manifests.get(team, { kind: 'digest', digest });
  it.age(grace);
  assert.deepEqual(await it.collect(), []);
  await it.put(team, indexOf(image), 'v1');
});

test('pushes of what was garbage already meet collections, again and again, and none fails', async () => {
  await using it = await AgingRegistry.open();
  const image = await it.pushImage(team, {}, config, layer);
  for (let round = 0; round < 150; round++) {
    const pushing = it.pushImage(team, {}, config, layer).then(async () => {
      await it.put(team, image, 'v1');
    });
    const collecting = it.collect();
    await Promise.all([pushing, collecting]);
    await it.registry.manifests.remove(team, { kind: 'digest', digest: sha256Of(image) });
    it.age(longAfter);
  }
});

test('a blob of two repositories goes from one and stays for the other', async () => {
  await using it = await AgingRegistry.open();
  const digest = await pushBlob(it.registry, team, layer);
  await it.registry.blobs.mount(other, digest, team, anybody);
  await it.put(other, await it.pushImage(other, {}, config, layer), 'v1');
  it.age(longAfter);
  const expected = [`blob ${team} ${digest} (shared)`];
  assert.deepEqual(named(await it.collect({ dryRun: true })), expected);
  assert.deepEqual(named(await it.collect()), [...expected, `repository ${team}`]);
  await (await it.registry.blobs.open(other, digest)).close();
  await assert.rejects(it.registry.blobs.open(team, digest), { code: 'BLOB_UNKNOWN' });
});

test('a dry run adds up what two repositories give free together', async () => {
  await using it = await AgingRegistry.open();
  const digest = await pushBlob(it.registry, team, layer);
  await it.registry.blobs.mount(other, digest, team, anybody);
  it.age(longAfter);
  const summary = await it.registry.garbage.run({ dryRun: true });
  assert.equal(summary.freedBytes, layer.length);
  assert.equal(summary.counts.blob, 2);
  assert.equal((await it.registry.garbage.run()).freedBytes, layer.length);
});

test('tags go by the first rule of their repository, and their images by the grace', async () => {
  await using it = await AgingRegistry.open([
    { repositories: ['team/app'], keepLast: 1, keepTags: ['v*'] },
    { repositories: ['team/*'], keepLast: 0 },
  ]);
  for (const repository of [team, other, parseRepository('alone')]) {
    for (const tag of ['v1', 'a', 'b']) {
      it.age(1);
      await it.put(repository, await it.pushImage(repository, { tag }, config), tag);
    }
  }
  const items = await it.collect();
  assert.deepEqual(
    named(items),
    [`tag ${team}:a`, ...['a', 'b', 'v1'].map((tag) => `tag ${other}:${tag}`)].toSorted(),
  );
  it.age(longAfter);
  const later = named(await it.collect());
  assert.equal(later.filter((name) => name.startsWith('manifest')).length, 4);
  const tags = await it.registry.catalog.manifests.tags(parseRepository('alone'), {});
  assert.deepEqual(tags, ['a', 'b', 'v1']);
});

test('manifests without a tag stay as long as their rule says, or for ever', async () => {
  await using it = await AgingRegistry.open([
    { repositories: ['team/app'], deleteUntaggedAfter: 10 * grace },
    { repositories: ['team/other'], deleteUntaggedAfter: 'never' },
  ]);
  for (const repository of [team, other]) {
    await it.put(repository, await it.pushImage(repository, {}, config, layer));
  }
  it.age(9 * grace);
  assert.deepEqual(await it.collect(), []);
  it.age(2 * grace);
  const kinds = (await it.collect()).map((item) => item.kind);
  assert.deepEqual(kinds, ['manifest', 'blob', 'blob', 'repository']);
  it.age(1000 * grace);
  assert.deepEqual(await it.collect(), []);
  await (await it.registry.blobs.open(other, sha256Of(layer))).close();
});

test('a tag that moves leaves its image for the grace', async () => {
  await using it = await AgingRegistry.open();
  const [old, young] = [
    await it.pushImage(team, {}, config, layer),
    await it.pushImage(team, {}, config),
  ];
  await it.put(team, old, 'v1');
  it.age(100 * grace);
  await it.put(team, young, 'v1');
  it.age(grace);
  assert.deepEqual(await it.collect(), []);
  it.age(grace);
  assert.deepEqual(named(await it.collect()), [
    `blob ${team} ${sha256Of(layer)}`,
    `manifest ${team} ${sha256Of(old)}`,
  ]);
});

test('indexes thirty deep, each twice in the next, are collected at once', async () => {
  await using it = await AgingRegistry.open();
  let top = await it.pushImage(team, {}, config);
  await it.put(team, top);
  for (let depth = 0; depth < 30; depth++) {
    top = indexOf(top, top);
    await it.put(team, top, depth === 29 ? 'top' : undefined);
  }
  it.age(longAfter);
  assert.deepEqual(await it.collect(), []);
  await it.registry.manifests.remove(team, { kind: 'tag', tag: parseTag('top') });
  it.age(longAfter);
  const start = performance.now();
  assert.equal((await it.collect()).filter(({ kind }) => kind === 'manifest').length, 31);
  assert.ok(performance.now() - start < 5000);
});

test('files that no repository knows go after the grace; those from before the catalog, and odd ones, stay', async () => {
  await using it = await AgingRegistry.open();
  const { store } = it.registry;
  const [old, young, ancient] = [randomBytes(50), randomBytes(60), randomBytes(70)];
  for (const [bytes, age] of [
    [old, longAfter],
    [young, grace / 2],
    [ancient, 24 * 3600_000],
  ] as const) {
    const path = store.pathOf(sha256Of(bytes));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    const time = new Date(it.now - age);
    await utimes(path, time, time);
  }
  await writeFile(join(dirname(store.pathOf(sha256Of(old))), 'stray'), 'x');
  await mkdir(join(it.folder, 'uploads', 'folder'));
  await writeFile(join(it.folder, 'uploads', 'stray'), 'x');
  const expected = [`file ${sha256Of(old)}`];
  assert.deepEqual(named(await it.collect({ dryRun: true })), expected);
  assert.deepEqual(named(await it.collect()), expected);
  assert.equal(await store.size(sha256Of(old)), undefined);
  assert.equal(await store.size(sha256Of(young)), 60);
  assert.equal(await store.size(sha256Of(ancient)), 70);
});

test('a blob whose file vanished is forgotten when nothing needs it, and known when something does', async () => {
  await using it = await AgingRegistry.open();
  const { store, catalog } = it.registry;
  const unused = randomBytes(50);
  await pushBlob(it.registry, team, unused);
  await it.put(team, await it.pushImage(team, {}, config, layer), 'v1');
  for (const bytes of [unused, layer]) await rm(store.pathOf(sha256Of(bytes)));
  it.age(longAfter);
  assert.deepEqual(named(await it.collect()), [`blob ${team} ${sha256Of(unused)}`]);
  assert.ok(await catalog.blobs.find(team, sha256Of(layer)));
  // Pushing it again heals the image.
  await it.pushImage(team, {}, config, layer);
  await (await it.registry.blobs.open(team, sha256Of(layer))).close();
});

test('an upload is given up by the time of its last bytes', async () => {
  await using it = await AgingRegistry.open();
  const { uploads } = it.registry;
  const [idle, busy] = [await uploads.start(team), await uploads.start(team)];
  const old = new Date(Date.now() - 48 * 3600_000);
  for (const { id } of [idle, busy]) await utimes(join(it.folder, 'uploads', id), old, old);
  await uploads.append(team, busy.id, bodyOf(layer));
  const expected = [`upload ${idle.id}`];
  assert.deepEqual(named(await it.collect({ dryRun: true })), expected);
  assert.deepEqual(named(await it.collect()), expected);
  await assert.rejects(uploads.status(team, idle.id), { code: 'BLOB_UPLOAD_UNKNOWN' });
  await uploads.finish(team, busy.id, sha256Of(layer));
});

test('one run at a time; what it did is told, and a closed registry ends it', async () => {
  const told: unknown[] = [];
  await using it = await AgingRegistry.open([], {
    removed: ({ kind }) => void told.push(kind),
    finished: (summary) => void told.push(summary),
    failed: () => void told.push('failed'),
  });
  const digest = await pushBlob(it.registry, team, layer);
  it.age(longAfter);
  await it.collect({ dryRun: true });
  assert.equal(told.length, 0);
  const running = it.collect();
  await assert.rejects(it.collect(), { code: 'GC_UNDER_WAY' });
  assert.deepEqual(named(await running).slice(0, 1), [`blob ${team} ${digest}`]);
  assert.deepEqual(told.slice(0, 2), ['blob', 'repository']);
  const { freedBytes } = told.at(2) as GcSummary;
  assert.equal(freedBytes, layer.length);
  const ending = it.registry.garbage.run({ grace: 0 });
  await Promise.all([it.registry.garbage.close(), assert.rejects(ending, /closing/)]);
  assert.equal(told.at(-1), 'failed');
});

test('a shorter grace counts for one run', async () => {
  await using it = await AgingRegistry.open();
  await pushBlob(it.registry, team, layer);
  it.age(1);
  assert.deepEqual(await it.collect({ grace: 100 }), []);
  assert.equal((await it.collect({ grace: 0 })).length, 2);
});
