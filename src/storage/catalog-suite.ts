import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sha256Of, type Digest } from '../oci/digest.ts';
import { parseRepository, parseTag, type Tag } from '../oci/reference.ts';
import type { InfoHash } from '../torrent/ids.ts';
import type { BlobRecord, Catalog, ManifestRecord, TorrentRecord } from './catalog.ts';

/** One place that keeps a catalog, to be opened more than once. */
export interface CatalogHarness extends AsyncDisposable {
  /** Opens the place; the suite closes each catalog before it opens the next. */
  open(): Promise<Catalog>;
}

const red = parseRepository('team/red');
const blue = parseRepository('team/blue');
const nothing = { blobs: [], manifests: [] };

/** Makes tests of what works with a catalog that is empty at first. */
export function catalogTests(createHarness: () => Promise<CatalogHarness>) {
  return (run: (catalog: Catalog) => Promise<void>) => async (): Promise<void> => {
    await using harness = await createHarness();
    await using catalog = await harness.open();
    await run(catalog);
  };
}

/** What every Catalog must do. */
export function catalogSuite(name: string, createHarness: () => Promise<CatalogHarness>): void {
  const withCatalog = catalogTests(createHarness);

  suite(`${name} as a catalog: blobs`, () => {
    test(
      'a blob is found only through a repository that links it',
      withCatalog(async ({ blobs }) => {
        const blob = blobNamed('a');
        assert.equal(await blobs.findAnywhere(blob.digest), undefined);
        await blobs.link(red, blob);
        await blobs.link(red, blob);
        assert.deepEqual(await blobs.find(red, blob.digest), blob);
        assert.equal(await blobs.find(blue, blob.digest), undefined);
        assert.deepEqual(await blobs.findAnywhere(blob.digest), blob);
      }),
    );

    test(
      'a blob of two repositories stays with one when the other lets it go, and is orphaned by both',
      withCatalog(async ({ blobs, torrents }) => {
        const blob = blobNamed('a');
        await blobs.link(red, blob);
        await blobs.link(blue, blob);
        await torrents.put(torrentOf(blob));
        assert.equal(await blobs.unlink(red, blob.digest), 'unlinked');
        assert.equal(await blobs.unlink(red, blob.digest), 'absent');
        assert.equal(await blobs.find(red, blob.digest), undefined);
        assert.deepEqual(await blobs.find(blue, blob.digest), blob);
        assert.equal(await blobs.unlink(blue, blob.digest), 'orphaned');
        assert.equal(await blobs.findAnywhere(blob.digest), undefined);
        assert.equal(await torrents.find(blob.digest), undefined);
      }),
    );

    test(
      'the holders of a blob are the repositories that link it, in order, as many as wanted',
      withCatalog(async ({ blobs }) => {
        const blob = blobNamed('a');
        assert.deepEqual(await blobs.holders(blob.digest, 9), []);
        for (const repository of [red, blue]) await blobs.link(repository, blob);
        await blobs.link(red, blobNamed('b'));
        assert.deepEqual(await blobs.holders(blob.digest, 9), [blue, red]);
        assert.deepEqual(await blobs.holders(blob.digest, 1), [blue]);
      }),
    );

    test(
      'all blobs are listed page by page, and summed up',
      withCatalog(async ({ blobs }) => {
        assert.deepEqual(await blobs.totals(), { count: 0, bytes: 0 });
        const many = ['a', 'bb', 'ccc'].map(blobNamed);
        for (const blob of many) await blobs.link(red, blob);
        await blobs.link(blue, blobNamed('a'));
        const sorted = many.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
        const page = await blobs.list({ limit: 2 });
        assert.deepEqual(page, sorted.slice(0, 2));
        assert.deepEqual(await blobs.list({ after: page[1]?.digest, limit: 2 }), sorted.slice(2));
        assert.deepEqual(await blobs.totals(), { count: 3, bytes: 6 });
      }),
    );

    test(
      'a blob counts as damaged until it is linked anew, or forgotten',
      withCatalog(async ({ blobs, damage }) => {
        const [one, two, unknown] = [blobNamed('a'), blobNamed('bb'), blobNamed('ccc')];
        await blobs.link(red, one);
        await blobs.link(red, two);
        assert.equal(await damage.add(unknown.digest, 'damaged'), false);
        for (const { digest } of [one, two])
          assert.equal(await damage.add(digest, 'missing'), true);
        const [first] = (await damage.list()).filter(({ digest }) => digest === one.digest);
        assert.equal(await damage.add(one.digest, 'damaged'), true);
        const found = (await damage.list()).find(({ digest }) => digest === one.digest);
        assert.deepEqual(found, { ...first, problem: 'damaged' });
        assert.equal(found?.size, 1);
        assert.ok((found?.foundAt ?? 0) > Date.now() - 60_000);
        await blobs.link(blue, one);
        assert.deepEqual(
          (await damage.list()).map(({ digest }) => digest),
          [two.digest],
        );
        assert.equal(await blobs.unlink(red, two.digest), 'orphaned');
        assert.deepEqual(await damage.list(), []);
        await blobs.link(red, two);
        await damage.add(two.digest, 'unreadable');
        await damage.remove(two.digest);
        assert.deepEqual(await damage.list(), []);
      }),
    );

    test(
      'the sizes of thousands of blobs are found at once, in one repository',
      withCatalog(async ({ blobs }) => {
        const many = Array.from({ length: 1100 }, (_, at) => blobNamed('x'.repeat(at)));
        for (const blob of many.slice(0, 3)) await blobs.link(red, blob);
        await blobs.link(blue, blobNamed('y'));
        const asked = [blobNamed('y'), ...many].map((blob) => blob.digest);
        assert.deepEqual(
          [...(await blobs.sizes(red, asked))].toSorted(([, a], [, b]) => a - b),
          many.slice(0, 3).map((blob) => [blob.digest, blob.size]),
        );
        assert.deepEqual([...(await blobs.sizes(red, []))], []);
      }),
    );

    test(
      'sizes beyond 32 bits are kept exactly',
      withCatalog(async ({ blobs }) => {
        const blob = { ...blobNamed('large'), size: 2 ** 45 + 1 };
        await blobs.link(red, blob);
        assert.deepEqual(await blobs.find(red, blob.digest), blob);
      }),
    );
  });

  suite(`${name} as a catalog: manifests and tags`, () => {
    test(
      'a manifest is found by its digest and its tags, byte for byte',
      withCatalog(async ({ manifests }) => {
        const manifest = manifestNamed('{"a": 1}\n');
        assert.deepEqual(await manifests.put(red, manifest, tagged('1', 'latest'), nothing), []);
        for (const reference of [
          { kind: 'digest', digest: manifest.digest },
          { kind: 'tag', tag: parseTag('1') },
          { kind: 'tag', tag: parseTag('latest') },
        ] as const) {
          const found = await manifests.find(red, reference);
          assert.deepEqual(found && Buffer.from(found.bytes), Buffer.from(manifest.bytes));
          assert.equal(found?.mediaType, manifest.mediaType);
          assert.equal(await manifests.find(blue, reference), undefined);
        }
      }),
    );

    test(
      'a manifest whose blobs or manifests its repository lacks is not stored',
      withCatalog(async ({ manifests, blobs, repositories }) => {
        const here = blobNamed('here');
        const elsewhere = blobNamed('elsewhere');
        await blobs.link(red, here);
        await blobs.link(blue, elsewhere);
        const child = manifestNamed('child');
        const manifest = manifestNamed('parent');
        const lacking = await manifests.put(red, manifest, tagged('1'), {
          blobs: [here.digest, elsewhere.digest],
          manifests: [child.digest],
        });
        assert.deepEqual(lacking, [elsewhere.digest, child.digest]);
        const byDigest = { kind: 'digest', digest: manifest.digest } as const;
        assert.equal(await manifests.find(red, byDigest), undefined);
        assert.deepEqual(await manifests.tags(red, {}), []);
        assert.deepEqual(await repositories.list({}), []);
      }),
    );

    test(
      'a manifest may need thousands of blobs',
      withCatalog(async ({ manifests, blobs }) => {
        const many = Array.from({ length: 1201 }, (_, at) => blobNamed(`blob ${at}`).digest);
        await blobs.link(red, { digest: many[600] as Digest, size: 1 });
        const lacking = await manifests.put(red, manifestNamed('x'), [], {
          blobs: many,
          manifests: [],
        });
        assert.equal(lacking.length, 1200);
      }),
    );

    test(
      'a tag moves to the manifest that was pushed last, and the old one stays by its digest',
      withCatalog(async ({ manifests }) => {
        const [old, young] = [manifestNamed('old'), manifestNamed('young')];
        await manifests.put(red, old, tagged('latest'), nothing);
        await manifests.put(red, young, tagged('latest'), nothing);
        const found = await manifests.find(red, { kind: 'tag', tag: parseTag('latest') });
        assert.equal(found?.digest, young.digest);
        assert.ok(await manifests.find(red, { kind: 'digest', digest: old.digest }));
      }),
    );

    test(
      'removing a tag leaves the manifest and its other tags',
      withCatalog(async ({ manifests }) => {
        const manifest = manifestNamed('x');
        await manifests.put(red, manifest, tagged('a', 'b'), nothing);
        assert.equal(await manifests.removeTag(red, parseTag('a')), true);
        assert.equal(await manifests.removeTag(red, parseTag('a')), false);
        assert.deepEqual(await manifests.tags(red, {}), ['b']);
        assert.ok(await manifests.find(red, { kind: 'digest', digest: manifest.digest }));
      }),
    );

    test(
      'removing a manifest removes all its tags, in its repository only',
      withCatalog(async ({ manifests }) => {
        const manifest = manifestNamed('x');
        await manifests.put(red, manifest, tagged('a', 'b'), nothing);
        await manifests.put(blue, manifest, tagged('a'), nothing);
        assert.equal(await manifests.remove(red, manifest.digest), true);
        assert.equal(await manifests.remove(red, manifest.digest), false);
        assert.deepEqual(await manifests.tags(red, {}), []);
        assert.deepEqual(await manifests.tags(blue, {}), ['a']);
      }),
    );

    test(
      'tags come in byte-wise order, each once, page by page',
      withCatalog(async ({ manifests }) => {
        const tags = tagged('0.1.20', '0.1.2', 'B', '0.1.3', 'a', '_');
        await manifests.put(red, manifestNamed('x'), tags, nothing);
        const sorted = ['0.1.2', '0.1.20', '0.1.3', 'B', '_', 'a'];
        assert.deepEqual(await manifests.tags(red, {}), sorted);
        assert.deepEqual(await manifests.tags(red, { after: '0.1.20' }), sorted.slice(2));
        assert.deepEqual(await manifests.tags(red, { limit: 0 }), []);
        const walked: Tag[] = [];
        for (;;) {
          const page = await manifests.tags(red, { after: walked.at(-1), limit: 1 });
          if (page.length === 0) break;
          walked.push(...page);
        }
        assert.deepEqual(walked, sorted);
      }),
    );

    test(
      'repositories come in byte-wise order, page by page, when they hold a manifest',
      withCatalog(async ({ manifests, repositories, blobs }) => {
        const names = ['math-voila', 'math/x', 'math', 'a-b', 'a/b'].map(parseRepository);
        for (const name of names) await manifests.put(name, manifestNamed(name), [], nothing);
        await blobs.link(red, blobNamed('a'));
        const sorted = ['a-b', 'a/b', 'math', 'math-voila', 'math/x'];
        assert.deepEqual(await repositories.list({}), sorted);
        assert.deepEqual(await repositories.list({ after: 'a/b', limit: 2 }), sorted.slice(2, 4));
        assert.equal(await repositories.exists(red), true);
        assert.equal(await repositories.exists(blue), false);
      }),
    );

    test(
      'referrers are the manifests about a digest, in their repository',
      withCatalog(async ({ manifests }) => {
        const subject = sha256Of(Buffer.from('subject'));
        const signature = { ...manifestNamed('signature'), subject };
        const bill = { ...manifestNamed('bill'), subject };
        for (const manifest of [signature, bill, manifestNamed('other')]) {
          await manifests.put(red, manifest, [], nothing);
        }
        const sorted = [signature.digest, bill.digest].toSorted();
        assert.deepEqual(await manifests.referrers(red, subject, {}), sorted);
        assert.deepEqual(await manifests.referrers(red, subject, { limit: 1 }), sorted.slice(0, 1));
        const after = sorted[0];
        assert.deepEqual(await manifests.referrers(red, subject, { after }), sorted.slice(1));
        assert.deepEqual(await manifests.referrers(blue, subject, {}), []);
      }),
    );

    test(
      'the sizes of thousands of images are found at once, in one repository',
      withCatalog(async ({ manifests }) => {
        const many = Array.from({ length: 1100 }, (_, at) => ({
          ...manifestNamed(`image ${at}`),
          imageSize: at,
        }));
        for (const manifest of many.slice(0, 3)) await manifests.put(red, manifest, [], nothing);
        await manifests.put(blue, manifestNamed('other'), [], nothing);
        const asked = [manifestNamed('other'), ...many].map(({ digest }) => digest);
        assert.deepEqual(
          [...(await manifests.imageSizes(red, asked))].toSorted(([, a], [, b]) => a - b),
          many.slice(0, 3).map(({ digest, imageSize }) => [digest, imageSize]),
        );
      }),
    );

    test(
      'images are all tags, sorted, with size and time',
      withCatalog(async ({ manifests }) => {
        const before = Date.now();
        const manifest = { ...manifestNamed('x'), imageSize: 12 };
        await manifests.put(red, manifest, tagged('b', 'a'), nothing);
        await manifests.put(blue, manifest, tagged('c'), nothing);
        const images = await manifests.images({});
        assert.deepEqual(
          images.map((image) => `${image.repository}:${image.tag}`),
          ['team/blue:c', 'team/red:a', 'team/red:b'],
        );
        assert.equal(images[0]?.imageSize, 12);
        assert.equal(images[0]?.digest, manifest.digest);
        assert.ok((images[0]?.pushedAt ?? 0) >= before);
      }),
    );
  });

  suite(`${name} as a catalog: torrents and uploads`, () => {
    test(
      'a torrent is found by digest and by info hash',
      withCatalog(async ({ blobs, torrents }) => {
        const blob = blobNamed('a');
        await blobs.link(red, blob);
        const torrent = torrentOf(blob);
        assert.equal(await torrents.knows(torrent.infoHash), false);
        assert.equal(await torrents.put(torrent), true);
        assert.equal(await torrents.knows(torrent.infoHash), true);
        assert.equal(await torrents.put(torrent), true);
        for (const found of [
          await torrents.find(blob.digest),
          await torrents.findByInfoHash(torrent.infoHash),
        ]) {
          assert.equal(found?.digest, blob.digest);
          assert.equal(found?.infoHash, torrent.infoHash);
          assert.deepEqual(found && Buffer.from(found.metainfo), Buffer.from(torrent.metainfo));
        }
        assert.deepEqual(await torrents.list(), [
          { digest: blob.digest, infoHash: torrent.infoHash },
        ]);
      }),
    );

    test(
      'a torrent of a blob that is not known is not kept',
      withCatalog(async ({ torrents }) => {
        assert.equal(await torrents.put(torrentOf(blobNamed('a'))), false);
        assert.deepEqual(await torrents.list(), []);
      }),
    );

    test(
      'blobs without a torrent are listed, except the one of no bytes',
      withCatalog(async ({ blobs, torrents }) => {
        const [a, b] = [blobNamed('a'), blobNamed('b')];
        const empty = { digest: sha256Of(new Uint8Array()), size: 0 };
        for (const blob of [a, b, empty]) await blobs.link(red, blob);
        await torrents.put(torrentOf(a));
        assert.deepEqual(await torrents.missing(), [b]);
      }),
    );

    test(
      'uploads are remembered until they are removed',
      withCatalog(async ({ uploads }) => {
        const upload = {
          id: 'one',
          repository: red,
          algorithm: 'sha512',
          owner: 'user:a',
        } as const;
        await uploads.add(upload);
        assert.deepEqual(await uploads.find('one'), upload);
        assert.deepEqual(await uploads.list(), [upload]);
        await uploads.remove('one');
        await uploads.remove('one');
        assert.equal(await uploads.find('one'), undefined);
      }),
    );
  });

  suite(`${name} as a catalog: as a whole`, () => {
    test('everything outlives the process', async () => {
      await using harness = await createHarness();
      const blob = blobNamed('a');
      const manifest = manifestNamed('x');
      {
        await using catalog = await harness.open();
        await catalog.blobs.link(red, blob);
        await catalog.torrents.put(torrentOf(blob));
        await catalog.manifests.put(red, manifest, tagged('1'), nothing);
        await catalog.uploads.add({
          id: 'one',
          repository: red,
          algorithm: 'sha256',
          owner: 'user:ann',
        });
      }
      await using catalog = await harness.open();
      assert.deepEqual(await catalog.blobs.find(red, blob.digest), blob);
      assert.ok(await catalog.torrents.find(blob.digest));
      assert.ok(await catalog.manifests.find(red, { kind: 'tag', tag: parseTag('1') }));
      assert.ok(await catalog.uploads.find('one'));
    });

    test(
      'calls at the same time do not disturb each other',
      withCatalog(async (catalog) => {
        const many = Array.from({ length: 50 }, (_, at) => blobNamed(`blob ${at}`));
        await Promise.all(
          many.flatMap((blob) => [
            catalog.blobs.link(red, blob),
            catalog.manifests.put(red, manifestNamed(blob.digest), tagged('latest'), nothing),
          ]),
        );
        for (const blob of many) assert.ok(await catalog.blobs.find(red, blob.digest));
        assert.deepEqual(await catalog.manifests.tags(red, {}), ['latest']);
      }),
    );
  });
}

/** A blob of this text. */
export function blobNamed(content: string): BlobRecord {
  return { digest: sha256Of(Buffer.from(content)), size: content.length };
}

function manifestNamed(content: string): ManifestRecord {
  const bytes = Buffer.from(content);
  return {
    digest: sha256Of(bytes),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    bytes,
    subject: undefined,
    imageSize: 0,
  };
}

function torrentOf(blob: BlobRecord): TorrentRecord {
  return {
    digest: blob.digest,
    infoHash: blob.digest.slice('sha256:'.length).slice(0, 40) as InfoHash,
    metainfo: Buffer.from(`metainfo of ${blob.digest}`),
  };
}

function tagged(...tags: readonly string[]): readonly Tag[] {
  return tags.map(parseTag);
}
