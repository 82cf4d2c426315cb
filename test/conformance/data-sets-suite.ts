import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { sha256Of } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { artifact, blobs, child, descriptor, docker, image, index } from './documents.ts';
import { jsonOf, type RegistryUnderTest } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

const many = Object.fromEntries(
  Array.from({ length: 390 }, (_, at) => [`note.${at}`, 'x'.repeat(10_000)]),
);

/** Each a name, its documents in the order of their push, and whether the last names a subject. */
const dataSets: readonly (readonly [string, readonly object[]])[] = [
  ['an image', [image]],
  [
    'an image of plain tars',
    [{ ...image, layers: [descriptor(mediaTypes.ociLayer, blobs.layer)] }],
  ],
  ["an image in Docker's form", [docker]],
  ['an image with 3.9 MB of annotations', [{ ...image, annotations: many }]],
  ['an index', [image, artifact, index]],
  [
    "a manifest list of Docker's",
    [docker, { ...index, mediaType: mediaTypes.dockerManifestList, manifests: [child(docker)] }],
  ],
  ['an index of an index', [image, artifact, index, { ...index, manifests: [child(index)] }]],
  ['an empty index', [{ ...index, manifests: [] }]],
  ['an index of artifacts', [image, artifact, { ...index, artifactType: artifact.artifactType }]],
  [
    'an index with a subject, whose children have it too',
    [
      docker,
      { ...image, subject: child(docker) },
      {
        ...index,
        manifests: [child({ ...image, subject: child(docker) })],
        subject: child(docker),
      },
    ],
  ],
  ['an artifact', [artifact]],
  [
    'an artifact without layers',
    [{ ...artifact, layers: [descriptor(mediaTypes.ociEmpty, blobs.empty)] }],
  ],
  ['an image without layers', [{ ...image, layers: [] }]],
  ['an artifact with a subject', [image, { ...artifact, subject: child(image) }]],
  [
    "an artifact with a subject in Docker's form",
    [docker, { ...artifact, subject: child(docker) }],
  ],
  ['an artifact whose subject is missing', [{ ...artifact, subject: child(image, {}) }]],
  ['an index with a subject', [image, artifact, { ...index, subject: child(image) }]],
  [
    'a descriptor with data',
    [
      {
        ...image,
        layers: [
          descriptor(mediaTypes.ociLayer, blobs.other, {
            data: blobs.other.toString('base64'),
          }),
        ],
      },
    ],
  ],
  [
    'a layer that may not be distributed',
    [
      {
        ...image,
        layers: [
          ...image.layers,
          descriptor(
            'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
            Buffer.from('absent'),
            { urls: ['https://example/x'] },
          ),
        ],
      },
    ],
  ],
  [
    'members of its own',
    [{ ...image, 'org.example.custom': { a: [1, null] }, annotations: { ä: '"' } }],
  ],
];

/** Whole contents of repositories: pushed, listed, read, referred to and deleted. */
export function dataSetsSuite(storage: StorageUnderTest): void {
  suite(`data sets, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    for (const [at, [what, documents]] of dataSets.entries()) {
      test(what, async () => {
        const name = `conformance/set-${at}`;
        for (const bytes of Object.values(blobs)) await it.pushBlob(name, bytes);
        const digests: string[] = [];
        for (const document of documents) {
          const digest = sha256Of(Buffer.from(JSON.stringify(document)));
          const pushed = await it.pushManifest(name, digest, document);
          assert.equal(pushed.headers['docker-content-digest'], digest);
          assert.equal(pushed.headers.location, `/v2/${name}/manifests/${digest}`);
          const subject = subjectOf(document);
          assert.equal(pushed.headers['oci-subject'], subject?.digest);
          digests.push(digest);
        }
        const last = documents.at(-1) as { readonly mediaType: string };
        await it.pushManifest(name, 'tagged', last);

        const tags = jsonOf(await it.expect(200, 'GET', `/v2/${name}/tags/list`));
        assert.deepEqual(tags, { name, tags: ['tagged'] });
        for (const reference of ['tagged', digests.at(-1)]) {
          const path = `/v2/${name}/manifests/${reference}`;
          const head = await it.expect(200, 'HEAD', path);
          const got = await it.expect(200, 'GET', path, { headers: { Accept: 'text/plain' } });
          for (const answer of [head, got]) {
            assert.equal(answer.headers['content-type'], last.mediaType);
            assert.equal(answer.headers['docker-content-digest'], digests.at(-1));
            assert.equal(
              answer.headers['content-length'],
              String(Buffer.byteLength(JSON.stringify(last))),
            );
          }
          assert.equal(got.body.toString(), JSON.stringify(last));
        }
        const subject = subjectOf(last);
        if (subject !== undefined) await checkReferrers(name, subject.digest, last, digests.at(-1));

        await it.expect(202, 'DELETE', `/v2/${name}/manifests/tagged`);
        await it.expect(404, 'HEAD', `/v2/${name}/manifests/tagged`);
        for (const digest of digests.toReversed()) {
          await it.expect(200, 'HEAD', `/v2/${name}/manifests/${digest}`);
          await it.expect(202, 'DELETE', `/v2/${name}/manifests/${digest}`);
          await it.refuses(404, 'MANIFEST_UNKNOWN', 'GET', `/v2/${name}/manifests/${digest}`);
        }
        if (subject !== undefined) {
          const path = `/v2/${name}/referrers/${subject.digest}`;
          assert.deepEqual(jsonOf(await it.expect(200, 'GET', path)).manifests, []);
        }
      });
    }

    async function checkReferrers(
      name: string,
      subject: string,
      document: { readonly mediaType: string; readonly artifactType?: string },
      digest: string | undefined,
    ): Promise<void> {
      const path = `/v2/${name}/referrers/${subject}`;
      const all = await it.expect(200, 'GET', path);
      assert.equal(all.headers['content-type'], mediaTypes.ociIndex);
      assert.equal(all.headers['oci-filters-applied'], undefined);
      const listed: readonly { readonly digest: string }[] = jsonOf(all).manifests;
      assert.deepEqual(
        listed.filter((one) => one.digest === digest),
        [
          {
            mediaType: document.mediaType,
            digest,
            size: Buffer.byteLength(JSON.stringify(document)),
            ...(document.artifactType === undefined ? {} : { artifactType: document.artifactType }),
          },
        ],
      );
      for (const plus of ['+', '%2B']) {
        const type = `application/vnd.example.artifact${plus}json`;
        const filtered = await it.expect(200, 'GET', `${path}?artifactType=${type}`);
        assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
        assert.equal(
          jsonOf(filtered).manifests.length,
          document.artifactType === undefined ? 0 : 1,
        );
      }
      const other = await it.expect(200, 'GET', `${path}?artifactType=application/other`);
      assert.deepEqual(jsonOf(other).manifests, []);
    }
  });
}

function subjectOf(document: object): { readonly digest: string } | undefined {
  return 'subject' in document ? (document.subject as { readonly digest: string }) : undefined;
}
