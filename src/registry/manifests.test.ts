import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { digestOf, sha256Of } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { manifestReference, parseTag } from '../oci/reference.ts';
import { listRepositories, listTags } from './listings.ts';
import { listReferrers } from './referrers.ts';
import { imageManifest, openTestRegistry, other, pushBlob, team } from './registry-testing.ts';
import type { Registry } from './registry.ts';

const config = Buffer.from('{}');
const layer = Buffer.from('layer');

async function push(registry: Registry, reference: string, document: Uint8Array | object) {
  const bytes = document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document));
  return await registry.manifests.put(team, {
    reference: manifestReference(reference),
    bytes,
    contentType: undefined,
    tags: [],
  });
}

async function openWithBlobs() {
  const it = await openTestRegistry();
  await pushBlob(it.registry, team, config);
  await pushBlob(it.registry, team, layer);
  return it;
}

test('a manifest is kept byte for byte and found by tag and digest', async () => {
  await using it = await openWithBlobs();
  const bytes = Buffer.concat([imageManifest(config, layer), Buffer.from('\n')]);
  const { digest } = await push(it.registry, 'v1', bytes);
  assert.equal(digest, sha256Of(bytes));
  for (const reference of ['v1', digest]) {
    const found = await it.registry.manifests.get(team, manifestReference(reference));
    assert.deepEqual(Buffer.from(found.bytes), bytes);
    assert.equal(found.mediaType, mediaTypes.ociManifest);
    assert.equal(found.imageSize, 7);
  }
  const [image] = await it.registry.catalog.manifests.images({});
  assert.equal(image?.imageSize, 7);
});

test('a manifest pushed by its SHA-512 digest has that digest', async () => {
  await using it = await openWithBlobs();
  const bytes = imageManifest(config, layer);
  const digest = digestOf('sha512', bytes);
  assert.equal((await push(it.registry, digest, bytes)).digest, digest);
  await it.registry.manifests.get(team, manifestReference(digest));
});

test('a manifest pushed under another digest than its own is refused', async () => {
  await using it = await openWithBlobs();
  await assert.rejects(push(it.registry, sha256Of(layer), imageManifest(config)), {
    code: 'DIGEST_INVALID',
  });
});

test('a manifest whose blobs are not in its repository is refused and names them', async () => {
  await using it = await openTestRegistry();
  await pushBlob(it.registry, other, config);
  await pushBlob(it.registry, team, layer);
  await assert.rejects(push(it.registry, 'v1', imageManifest(config, layer)), (error: Error) => {
    assert.equal('code' in error && error.code, 'MANIFEST_BLOB_UNKNOWN');
    assert.match(error.message, new RegExp(sha256Of(config)));
    return true;
  });
  await assert.rejects(listTags(it.registry.catalog, other.concat('x') as typeof other, {}), {
    code: 'NAME_UNKNOWN',
  });
});

test('a manifest whose blob lost its file is refused, so that the blob is pushed again', async () => {
  await using it = await openWithBlobs();
  await rm(it.registry.store.pathOf(sha256Of(layer)));
  await assert.rejects(push(it.registry, 'v1', imageManifest(config, layer)), {
    code: 'MANIFEST_BLOB_UNKNOWN',
  });
});

test('a manifest that tells a wrong size of a blob is refused', async () => {
  await using it = await openWithBlobs();
  const text = imageManifest(config, layer).toString().replace('"size":5', '"size":6');
  await assert.rejects(push(it.registry, 'v1', Buffer.from(text)), { code: 'MANIFEST_INVALID' });
});

test('layers that must not be distributed and a missing subject may be lacking', async () => {
  await using it = await openWithBlobs();
  const absent = { digest: sha256Of(randomBytes(9)), size: 9 };
  const image = JSON.parse(imageManifest(config, layer).toString()) as { layers: object[] };
  for (const mediaType of [
    mediaTypes.dockerForeignLayer,
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ]) {
    image.layers.push({ mediaType, ...absent, urls: ['https://example/layer'] });
  }
  const subject = { mediaType: mediaTypes.ociManifest, ...absent };
  const { subject: stored } = await push(it.registry, 'v1', { ...image, subject });
  assert.equal(stored, absent.digest);
});

test('an index needs its manifests, and counts their bytes', async () => {
  await using it = await openWithBlobs();
  const child = imageManifest(config, layer);
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ mediaType: mediaTypes.ociManifest, digest: sha256Of(child), size: child.length }],
  };
  await assert.rejects(push(it.registry, 'v1', index), { code: 'MANIFEST_BLOB_UNKNOWN' });
  await push(it.registry, sha256Of(child), child);
  assert.equal((await push(it.registry, 'v1', index)).imageSize, 7);
});

test('an index of indexes counts each once, so that no nesting multiplies its size', async () => {
  await using it = await openWithBlobs();
  let inner = imageManifest(config, layer);
  await push(it.registry, sha256Of(inner), inner);
  for (let level = 0; level < 3; level++) {
    const entry = { mediaType: mediaTypes.ociIndex, digest: sha256Of(inner), size: inner.length };
    inner = Buffer.from(
      JSON.stringify({
        mediaType: mediaTypes.ociIndex,
        manifests: Array.from({ length: 1000 }, () => entry),
      }),
    );
    assert.equal((await push(it.registry, sha256Of(inner), inner)).imageSize, 7);
  }
});

test('an image that names more bytes than a number holds is kept, found and listed', async () => {
  await using it = await openWithBlobs();
  const image = JSON.parse(imageManifest(config).toString()) as { layers: object[] };
  for (const name of ['a', 'b']) {
    const digest = sha256Of(Buffer.from(name));
    image.layers.push({
      mediaType: mediaTypes.dockerForeignLayer,
      digest,
      size: Number.MAX_SAFE_INTEGER,
    });
  }
  await push(it.registry, 'v1', image);
  const found = await it.registry.manifests.get(team, manifestReference('v1'));
  assert.equal(found.imageSize, Number.MAX_SAFE_INTEGER);
  const [listed] = await it.registry.catalog.manifests.images({});
  assert.equal(listed?.imageSize, Number.MAX_SAFE_INTEGER);
});

test('the same bytes are not kept under two types', async () => {
  await using it = await openWithBlobs();
  const { mediaType: _, ...bare } = JSON.parse(imageManifest(config).toString()) as {
    mediaType: string;
  };
  const bytes = Buffer.from(JSON.stringify(bare));
  const put = (contentType: string) =>
    it.registry.manifests.put(team, {
      reference: manifestReference('v1'),
      bytes,
      contentType,
      tags: [],
    });
  await put(mediaTypes.ociManifest);
  await put(mediaTypes.ociManifest);
  await assert.rejects(put(mediaTypes.dockerManifest), { code: 'MANIFEST_INVALID' });
});

test('a push by digest can set many tags at once', async () => {
  await using it = await openWithBlobs();
  const bytes = imageManifest(config);
  const tags = Array.from({ length: 12 }, (_, at) => parseTag(`t${at}`));
  await it.registry.manifests.put(team, {
    reference: manifestReference(sha256Of(bytes)),
    bytes,
    contentType: undefined,
    tags,
  });
  const listing = await listTags(it.registry.catalog, team, {});
  assert.deepEqual(listing.names, tags.toSorted());
});

test('deleting a tag keeps the manifest; deleting the manifest takes all its tags', async () => {
  await using it = await openWithBlobs();
  const { manifests, catalog } = it.registry;
  const bytes = imageManifest(config);
  for (const tag of ['a', 'b', 'c']) await push(it.registry, tag, bytes);
  await manifests.remove(team, manifestReference('a'));
  await assert.rejects(manifests.remove(team, manifestReference('a')), {
    code: 'MANIFEST_UNKNOWN',
  });
  await manifests.get(team, manifestReference('b'));
  await manifests.remove(team, manifestReference(sha256Of(bytes)));
  await assert.rejects(manifests.get(team, manifestReference('b')), { code: 'MANIFEST_UNKNOWN' });
  assert.deepEqual((await listTags(catalog, team, {})).names, []);
});

test('a list says whether more follows, and an empty page ends it', async () => {
  await using it = await openWithBlobs();
  const { catalog } = it.registry;
  for (const tag of ['0.1.20', '0.1.2', '0.1.3'])
    await push(it.registry, tag, imageManifest(config));
  assert.deepEqual(await listTags(catalog, team, { limit: 2 }), {
    names: ['0.1.2', '0.1.20'],
    more: true,
  });
  assert.deepEqual(await listTags(catalog, team, { limit: 2, after: '0.1.20' }), {
    names: ['0.1.3'],
    more: false,
  });
  assert.deepEqual(await listTags(catalog, team, { limit: 0 }), { names: [], more: false });
  assert.deepEqual(await listRepositories(catalog, {}), { names: [team], more: false });
});

test('referrers are those that name the subject and those under its referrers tag, once each', async () => {
  await using it = await openWithBlobs();
  const { catalog } = it.registry;
  const image = await push(it.registry, 'v1', imageManifest(config, layer));
  const subject = {
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.bytes.length,
  };
  const parsed = JSON.parse(imageManifest(config).toString()) as object;
  const signature = await push(it.registry, 'signature', {
    ...parsed,
    artifactType: 'application/signature',
    annotations: { by: 'me' },
    subject,
  });
  const bill = await push(it.registry, 'bill', { ...parsed, subject });
  const old = { mediaType: mediaTypes.ociManifest, artifactType: 'application/old', size: 1 };
  const oldDigest = image.digest;
  await push(it.registry, image.digest.replace(':', '-'), {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [
      { ...old, digest: oldDigest },
      { ...old, digest: signature.digest },
    ],
  });
  const referrers = async (repository: typeof team, artifactType?: string) => {
    const page = { limit: 10, artifactType };
    const { descriptors, last } = await listReferrers(catalog, repository, image.digest, page);
    assert.equal(last, undefined);
    return descriptors;
  };
  const found = await referrers(team);
  const types = new Map(found.map((descriptor) => [descriptor.digest, descriptor.artifactType]));
  assert.equal(found.length, 3);
  assert.equal(types.get(signature.digest), 'application/signature');
  assert.equal(types.get(bill.digest), mediaTypes.ociConfig);
  assert.equal(types.get(oldDigest), 'application/old');
  assert.deepEqual(found.find(({ digest }) => digest === signature.digest)?.annotations, {
    by: 'me',
  });
  const filtered = await referrers(team, 'application/signature');
  assert.deepEqual(
    filtered.map(({ digest }) => digest),
    [signature.digest],
  );
  assert.deepEqual(await referrers(other), []);
});

test('referrers come page by page in the order of their digests, also those of a tag, and filtered', async () => {
  await using it = await openWithBlobs();
  const { catalog } = it.registry;
  const image = await push(it.registry, 'v1', imageManifest(config, layer));
  const subject = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
  const parsed = JSON.parse(imageManifest(config).toString()) as object;
  const digests: string[] = [image.digest];
  for (let at = 0; at < 6; at++) {
    const artifactType = `application/${at % 2}`;
    const document = { ...parsed, artifactType, annotations: { at: String(at) }, subject };
    digests.push((await push(it.registry, `r${at}`, document)).digest);
  }
  await push(it.registry, image.digest.replace(':', '-'), {
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...subject, artifactType: 'application/old' }],
  });
  const walk = async (limit: number, artifactType?: string) => {
    const found: string[] = [];
    for (let after: string | undefined, pages = 1; ; pages++) {
      const query = { after, limit, artifactType };
      const { descriptors, last } = await listReferrers(catalog, team, image.digest, query);
      assert.ok(descriptors.length <= limit);
      found.push(...descriptors.map(({ digest }) => digest));
      if (last === undefined) return { found, pages };
      after = last;
    }
  };
  const sorted = digests.toSorted();
  assert.deepEqual(await walk(1), { found: sorted, pages: 7 });
  assert.deepEqual(await walk(3), { found: sorted, pages: 3 });
  assert.deepEqual(await walk(7), { found: sorted, pages: 1 });
  const { found } = await walk(2, 'application/1');
  const odd = digests.filter((_, index) => index > 0 && index % 2 === 0);
  assert.deepEqual(found, odd.toSorted());
});

test('a page of referrers ends when their manifests are long together', async () => {
  await using it = await openWithBlobs();
  const { catalog } = it.registry;
  const image = await push(it.registry, 'v1', imageManifest(config, layer));
  const subject = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
  const parsed = JSON.parse(imageManifest(config).toString()) as object;
  for (let at = 0; at < 4; at++) {
    const annotations = { at: String(at), long: 'x'.repeat(2_200_000) };
    await push(it.registry, `r${at}`, { ...parsed, annotations, subject });
  }
  const first = await listReferrers(catalog, team, image.digest, { limit: 10 });
  assert.equal(first.descriptors.length, 2);
  const rest = await listReferrers(catalog, team, image.digest, { limit: 10, after: first.last });
  assert.equal(rest.descriptors.length, 2);
  assert.equal(rest.last, undefined);
});
