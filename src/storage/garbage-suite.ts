import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sha256Of, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseRepository, parseTag } from '../oci/reference.ts';
import { blobNamed, catalogTests, type CatalogHarness } from './catalog-suite.ts';
import type { BlobRecord, ManifestRecord, TagEntry } from './catalog.ts';

const red = parseRepository('team/red');
const blue = parseRepository('team/blue');
/** Everything was touched before this, and nothing before that. */
const everAfter = Number.MAX_SAFE_INTEGER;
const never = 0;

/** What every Catalog must do for the garbage collection. */
export function garbageSuite(name: string, createHarness: () => Promise<CatalogHarness>): void {
  const withCatalog = catalogTests(createHarness);

  suite(`${name} as a catalog: garbage`, () => {
    test(
      'what a manifest may lack counts as pointed to, also when it comes after the manifest',
      withCatalog(async ({ blobs, manifests, garbage }) => {
        const optional = blobNamed('optional');
        const image = imageOf(optional);
        const needs = { blobs: [], manifests: [], others: [optional.digest] };
        assert.deepEqual(await manifests.put(red, image, [], needs), []);
        await blobs.link(red, optional);
        const unlink = () => garbage.unlink(red, [optional.digest], everAfter);
        assert.deepEqual(await unlink(), new Map([[optional.digest, 'kept']]));
        await manifests.remove(red, image.digest);
        assert.deepEqual(await unlink(), new Map([[optional.digest, 'orphaned']]));
      }),
    );

    test(
      'a blob is unlinked when no manifest of its repository points to it and nobody touched it lately',
      withCatalog(async ({ blobs, manifests, garbage }) => {
        const [used, unused] = [blobNamed('used'), blobNamed('unused')];
        for (const blob of [used, unused]) await blobs.link(red, blob);
        await blobs.link(blue, used);
        const image = imageOf(used);
        await manifests.put(red, image, [], needsOf(used));
        const both = [used.digest, unused.digest];
        const kept = new Map(both.map((digest) => [digest, 'kept']));
        assert.deepEqual(await garbage.unlink(red, both, never), kept);
        assert.deepEqual(
          (await garbage.links(red, {})).map(({ digest, isReferenced }) => [digest, isReferenced]),
          both.toSorted().map((digest) => [digest, digest === used.digest]),
        );
        assert.deepEqual(
          await garbage.unlink(red, both, everAfter),
          new Map([
            [used.digest, 'kept'],
            [unused.digest, 'orphaned'],
          ]),
        );
        assert.equal(await blobs.findAnywhere(unused.digest), undefined);
        assert.deepEqual(await garbage.linked(both), new Set([used.digest]));
        assert.deepEqual(await garbage.linkCounts(both), new Map([[used.digest, 2]]));
        const targets = await garbage.targetsOf(red, [image.digest, unused.digest]);
        assert.deepEqual(targets, new Set([used.digest]));
        assert.deepEqual(await garbage.pointersTo(red, used.digest, {}), [image.digest]);
        await manifests.remove(red, image.digest);
        assert.deepEqual(await garbage.pointersTo(red, used.digest, {}), []);
        assert.deepEqual(
          await garbage.unlink(red, [used.digest], everAfter),
          new Map([[used.digest, 'unlinked']]),
        );
        assert.ok(await blobs.find(blue, used.digest));
      }),
    );

    test(
      'a manifest is removed when it has no tag, no index points to it and its subject is gone',
      withCatalog(async ({ blobs, manifests, garbage }) => {
        const config = blobNamed('config');
        await blobs.link(red, config);
        const image = imageOf(config);
        const index = indexOf(image);
        const signature = { ...imageOf(config, 'signature'), subject: image.digest };
        await manifests.put(red, image, [], needsOf(config));
        await manifests.put(red, index, [parseTag('1')], { blobs: [], manifests: [image.digest] });
        await manifests.put(red, signature, [], needsOf(config));
        const parents = new Map(
          (await garbage.manifests(red, {})).map(({ digest, parents }) => [digest, parents]),
        );
        assert.deepEqual(parents.get(image.digest), [index.digest]);
        const all = [index, image, signature].map(({ digest }) => digest);
        assert.deepEqual(await garbage.removeManifests(red, all, everAfter), []);
        assert.equal(await manifests.removeTag(red, parseTag('1')), true);
        assert.deepEqual(await garbage.removeManifests(red, all, never), []);
        assert.deepEqual(await garbage.removeManifests(red, all, everAfter), all);
        assert.deepEqual(await garbage.manifests(red, {}), []);
        assert.deepEqual(await garbage.pointersTo(red, config.digest, {}), []);
      }),
    );

    test(
      'a manifest whose bytes say nothing gives its blobs free, too',
      withCatalog(async ({ blobs, manifests, garbage }) => {
        const blob = blobNamed('a');
        await blobs.link(red, blob);
        const odd = manifestOf('not a manifest');
        await manifests.put(red, odd, [], needsOf(blob));
        assert.deepEqual(await garbage.pointersTo(red, blob.digest, {}), [odd.digest]);
        assert.deepEqual(await garbage.removeManifests(red, [odd.digest], everAfter), [odd.digest]);
        assert.deepEqual(await garbage.pointersTo(red, blob.digest, {}), []);
      }),
    );

    test(
      'a tag is removed only as it was seen',
      withCatalog(async ({ manifests, garbage }) => {
        const [old, young] = [manifestOf('old'), manifestOf('young')];
        const nothing = { blobs: [], manifests: [] };
        await manifests.put(red, old, [parseTag('a')], nothing);
        const [seen] = await garbage.tags(red, {});
        await manifests.put(red, young, [parseTag('a')], nothing);
        assert.deepEqual(await garbage.removeTags(red, [seen as TagEntry]), []);
        const [now] = await garbage.tags(red, {});
        assert.ok(now);
        assert.equal(now.digest, young.digest);
        assert.deepEqual(await garbage.removeTags(red, [now]), [now]);
        assert.deepEqual(await garbage.tags(red, {}), []);
      }),
    );

    test(
      'pushing again, touching, and being let go by a tag or a manifest count as use',
      withCatalog(async ({ blobs, manifests, garbage }) => {
        const blob = blobNamed('a');
        await blobs.link(red, blob);
        const image = imageOf(blob);
        await manifests.put(red, image, [parseTag('a')], needsOf(blob));
        const blobTouch = async (): Promise<number> =>
          (await garbage.links(red, {}))[0]?.touchedAt ?? 0;
        const imageTouch = async (): Promise<number> =>
          (await garbage.manifests(red, {})).find(({ digest }) => digest === image.digest)
            ?.touchedAt ?? 0;
        for (const [touch, act] of [
          [blobTouch, () => blobs.link(red, blob)],
          [blobTouch, () => blobs.touch(red, blob.digest, everAfter)],
          [imageTouch, () => manifests.put(red, image, [], needsOf(blob))],
          [imageTouch, () => manifests.touch(red, image.digest)],
          [imageTouch, () => manifests.put(red, manifestOf('x'), [parseTag('a')], needsOf())],
          [imageTouch, () => manifests.put(red, image, [parseTag('b')], needsOf(blob))],
          [imageTouch, () => manifests.removeTag(red, parseTag('b'))],
          [blobTouch, () => manifests.remove(red, image.digest)],
        ] as const) {
          const before = await touch();
          await delay(2);
          await act();
          assert.ok((await touch()) > before, String(act));
        }
        const before = await blobTouch();
        await delay(2);
        await blobs.touch(red, blob.digest, before);
        assert.equal(await blobTouch(), before);
      }),
    );

    test(
      'an empty repository is forgotten, and comes back with its next blob',
      withCatalog(async ({ blobs, manifests, garbage, repositories }) => {
        const blob = blobNamed('a');
        await blobs.link(red, blob);
        assert.deepEqual(await garbage.repositories({}), [red]);
        assert.equal(await garbage.isEmpty(red, everAfter), false);
        assert.equal(await garbage.removeRepository(red, everAfter), false);
        await blobs.unlink(red, blob.digest);
        assert.equal(await garbage.isEmpty(red, never), false);
        assert.equal(await garbage.removeRepository(red, never), false);
        assert.equal(await garbage.isEmpty(red, everAfter), true);
        assert.equal(await garbage.removeRepository(red, everAfter), true);
        assert.equal(await repositories.exists(red), false);
        await manifests.put(red, manifestOf('x'), [], needsOf());
        assert.equal(await garbage.removeRepository(red, everAfter), false);
        assert.equal(await repositories.exists(red), true);
      }),
    );

    test(
      'images come page by page, across repositories',
      withCatalog(async ({ manifests }) => {
        const names = ['a', 'a-b', 'a/b', 'b'].map(parseRepository);
        for (const name of names) {
          await manifests.put(name, manifestOf(name), ['1', '10', '2'].map(parseTag), needsOf());
        }
        const walked: string[] = [];
        for (let after: { repository: string; tag: string } | undefined; ;) {
          const page = await manifests.images({ after, limit: 5 });
          walked.push(...page.map(({ repository, tag }) => `${repository}:${tag}`));
          after = page.at(-1);
          if (after === undefined) break;
        }
        assert.deepEqual(
          walked,
          names.flatMap((name) => ['1', '10', '2'].map((tag) => `${name}:${tag}`)),
        );
      }),
    );

    test(
      'many manifests are found at once, those of the repository alone',
      withCatalog(async ({ manifests }) => {
        const many = Array.from({ length: 600 }, (_, at) => manifestOf(`manifest ${at}`));
        for (const manifest of many.slice(0, 3)) await manifests.put(red, manifest, [], needsOf());
        await manifests.put(blue, many[4] as ManifestRecord, [], needsOf());
        const found = await manifests.findAll(
          red,
          many.map(({ digest }) => digest),
        );
        const sorted = many.slice(0, 3).map(({ digest }) => digest);
        assert.deepEqual(
          found.map(({ digest }) => digest),
          sorted.toSorted(),
        );
        assert.ok(found.every(({ bytes }) => Buffer.from(bytes).toString().startsWith('manifest')));
      }),
    );
  });
}

function needsOf(...blobs: readonly BlobRecord[]) {
  return { blobs: blobs.map(({ digest }) => digest), manifests: [] };
}

function manifestOf(text: string, mediaType: string = mediaTypes.ociManifest): ManifestRecord {
  const bytes = Buffer.from(text);
  const digest: Digest = sha256Of(bytes);
  return { digest, mediaType, bytes, subject: undefined, imageSize: 0 };
}

function imageOf({ digest, size }: BlobRecord, artifactType?: string): ManifestRecord {
  const config = { mediaType: mediaTypes.ociConfig, digest, size };
  return manifestOf(JSON.stringify({ schemaVersion: 2, config, layers: [], artifactType }));
}

function indexOf({ digest, bytes, mediaType }: ManifestRecord): ManifestRecord {
  const manifests = [{ mediaType, digest, size: bytes.length }];
  return manifestOf(JSON.stringify({ schemaVersion: 2, manifests }), mediaTypes.ociIndex);
}
