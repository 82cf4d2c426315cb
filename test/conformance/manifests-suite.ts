import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { digestOf, sha256Of } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { type RegistryUnderTest, jsonOf } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

export function manifestsSuite(storage: StorageUnderTest): void {
  suite(`manifests, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    const blobs = {
      config: Buffer.from('{"rootfs":{"type":"layers","diff_ids":["wrong"]}}'),
      empty: Buffer.from('{}'),
      layer: Buffer.from('a layer'),
      other: Buffer.from('another layer'),
    };

    function descriptor(mediaType: string, bytes: Uint8Array, more: object = {}) {
      return { mediaType, digest: sha256Of(bytes), size: bytes.length, ...more };
    }

    const image = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(mediaTypes.ociConfig, blobs.config),
      layers: [descriptor(mediaTypes.ociLayerGzip, blobs.layer)],
    };
    const docker = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: descriptor(mediaTypes.dockerConfig, blobs.config),
      layers: [descriptor(mediaTypes.dockerLayerGzip, blobs.layer)],
    };
    const artifact = {
      ...image,
      artifactType: 'application/vnd.example.artifact+json',
      config: descriptor(mediaTypes.ociEmpty, blobs.empty),
    };
    const child = (document: object, more: object = {}) =>
      descriptor(
        'mediaType' in document ? String(document.mediaType) : '',
        Buffer.from(JSON.stringify(document)),
        more,
      );
    const index = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        child(image, { platform: { architecture: 'amd64', os: 'linux' } }),
        child(artifact, { platform: { architecture: 'unknown', os: 'unknown' } }),
      ],
    };
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
        [
          docker,
          { ...index, mediaType: mediaTypes.dockerManifestList, manifests: [child(docker)] },
        ],
      ],
      ['an index of an index', [image, artifact, index, { ...index, manifests: [child(index)] }]],
      ['an empty index', [{ ...index, manifests: [] }]],
      [
        'an index of artifacts',
        [image, artifact, { ...index, artifactType: artifact.artifactType }],
      ],
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

    suite('data sets: pushed, listed, read, referred to and deleted', () => {
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
          if (subject !== undefined)
            await checkReferrers(name, subject.digest, last, digests.at(-1));

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
    });

    function subjectOf(document: object): { readonly digest: string } | undefined {
      return 'subject' in document ? (document.subject as { readonly digest: string }) : undefined;
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

    suite('single rules', () => {
      const name = 'conformance/rules';
      const put = (reference: string, body: string | Uint8Array, type: string, chunked = false) =>
        it.call('PUT', `/v2/${name}/manifests/${reference}`, {
          body,
          chunked,
          headers: { 'Content-Type': type },
        });
      before(async () => {
        for (const bytes of Object.values(blobs)) await it.pushBlob(name, bytes);
      });

      test('a body without mediaType, chunked and with a newline, is kept byte for byte', async () => {
        const { mediaType: _, ...bare } = image;
        const body = `${JSON.stringify(bare, null, 2)}\n`;
        const pushed = await put('bare', body, `${mediaTypes.ociManifest}; charset=utf-8`, true);
        assert.equal(pushed.status, 201, pushed.body.toString());
        const got = await it.expect(200, 'GET', `/v2/${name}/manifests/bare`);
        assert.equal(got.body.toString(), body);
        assert.equal(got.headers['content-type'], mediaTypes.ociManifest);
      });

      test('a manifest pushed by its SHA-512 digest is answered with that', async () => {
        const body = JSON.stringify(image);
        const digest = digestOf('sha512', Buffer.from(body));
        const pushed = await put(digest, body, mediaTypes.ociManifest);
        assert.equal(pushed.status, 201);
        assert.equal(pushed.headers['docker-content-digest'], digest);
        const got = await it.expect(200, 'GET', `/v2/${name}/manifests/${digest}`);
        assert.equal(got.headers['docker-content-digest'], digest);
      });

      test('a push by digest sets the tags in its query', async () => {
        const body = JSON.stringify({ ...image, annotations: { many: 'tags' } });
        const tags = Array.from({ length: 10 }, (_, at) => `many-${at}`);
        const query = tags.map((tag) => `tag=${tag}`).join('&');
        const pushed = await put(
          `${sha256Of(Buffer.from(body))}?${query}`,
          body,
          mediaTypes.ociManifest,
        );
        assert.equal(pushed.status, 201);
        assert.equal(pushed.headers['oci-tag'], tags.join(', '));
        for (const tag of tags) await it.expect(200, 'HEAD', `/v2/${name}/manifests/${tag}`);
        assert.equal((await put('x?tag=..', body, mediaTypes.ociManifest)).status, 400);
      });

      test('a push sets a hundred tags at once, or none of more', async () => {
        const document = { ...image, annotations: { a: 'hundred' } };
        const path = `/v2/${name}/manifests/${digestOf('sha256', Buffer.from(JSON.stringify(document)))}`;
        const push = (count: number) => ({
          path: `${path}?${Array.from({ length: count }, (_, at) => `tag=h-${count}-${at}`).join('&')}`,
          call: {
            body: JSON.stringify(document),
            headers: { 'Content-Type': mediaTypes.ociManifest },
          },
        });
        const [fits, more] = [push(100), push(101)];
        await it.refuses(414, 'TOOMANYTAGS', 'PUT', more.path, more.call);
        await it.expect(404, 'HEAD', path);
        const pushed = await it.expect(201, 'PUT', fits.path, fits.call);
        assert.equal(String(pushed.headers['oci-tag']).split(', ').length, 100);
        await it.expect(200, 'HEAD', `/v2/${name}/manifests/h-100-99`);
      });

      test('whoever has the manifest already is told so', async () => {
        const digest = sha256Of(Buffer.from(JSON.stringify(image)));
        await it.pushManifest(name, 'known', image);
        for (const reference of ['known', digest]) {
          const path = `/v2/${name}/manifests/${reference}`;
          const headers = { 'If-None-Match': `"${digest}"` };
          const answer = await it.expect(304, 'GET', path, { headers });
          assert.equal(answer.headers.etag, `"${digest}"`);
          assert.equal(answer.headers['docker-content-digest'], digest);
          await it.expect(200, 'GET', path, { headers: { 'If-None-Match': '"other"' } });
        }
      });

      test('the same bytes are never kept under two types', async () => {
        const { mediaType: _, ...bare } = { ...image, annotations: { two: 'types' } };
        const body = JSON.stringify(bare);
        assert.equal((await put('typed', body, mediaTypes.ociManifest)).status, 201);
        for (const type of [mediaTypes.dockerManifest, mediaTypes.ociIndex]) {
          const answer = await put('typed', body, type);
          assert.equal(answer.status, 400);
          assert.equal(jsonOf(answer).errors[0].code, 'MANIFEST_INVALID');
        }
        const got = await it.expect(200, 'GET', `/v2/${name}/manifests/typed`);
        assert.equal(got.headers['content-type'], mediaTypes.ociManifest);
      });

      test('two spaces more than the digest was taken of are refused', async () => {
        const body = JSON.stringify(image);
        const digest = sha256Of(Buffer.from(body));
        const answer = await put(digest, `${body}  `, mediaTypes.ociManifest);
        assert.equal(answer.status, 400);
        assert.equal(jsonOf(answer).errors[0].code, 'DIGEST_INVALID');
      });

      test('tags on one digest live and die apart; deleting the digest takes the rest', async () => {
        const document = { ...image, annotations: { a: '17' } };
        for (const tag of ['a17', 'b17']) await it.pushManifest(name, tag, document);
        await it.expect(202, 'DELETE', `/v2/${name}/manifests/a17`);
        await it.expect(200, 'HEAD', `/v2/${name}/manifests/b17`);
        const digest = sha256Of(Buffer.from(JSON.stringify(document)));
        await it.expect(202, 'DELETE', `/v2/${name}/manifests/${digest}`);
        await it.expect(404, 'HEAD', `/v2/${name}/manifests/b17`);
      });

      for (const accept of [
        'Application/vnd.oci.image.manifest.v1+json; q=0.9, */*',
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
        '',
      ]) {
        test(`what is stored is served to "Accept: ${accept}"`, async () => {
          await it.pushManifest(name, 'accepted', image);
          const got = await it.expect(200, 'GET', `/v2/${name}/manifests/accepted`, {
            headers: { Accept: accept },
          });
          assert.equal(got.headers['content-type'], mediaTypes.ociManifest);
        });
      }

      const text = JSON.stringify(image);
      const refused: readonly (readonly [string, string, string, string])[] = [
        ['that is no JSON', 'hello', mediaTypes.ociManifest, 'MANIFEST_INVALID'],
        ['that is empty', '', mediaTypes.ociManifest, 'MANIFEST_INVALID'],
        ['whose body and Content-Type differ', text, mediaTypes.ociIndex, 'MANIFEST_INVALID'],
        [
          'of schema 1',
          '{"schemaVersion":1}',
          'application/vnd.docker.distribution.manifest.v1+prettyjws',
          'MANIFEST_INVALID',
        ],
        [
          'that is image and index',
          JSON.stringify({ ...image, manifests: [] }),
          mediaTypes.ociManifest,
          'MANIFEST_INVALID',
        ],
        [
          'with layers twice',
          text.replace('{', '{"layers":[],'),
          mediaTypes.ociManifest,
          'MANIFEST_INVALID',
        ],
        [
          'with a negative size',
          text.replace('"size":7', '"size":-7'),
          mediaTypes.ociManifest,
          'MANIFEST_INVALID',
        ],
        [
          'with a wrong size',
          text.replace('"size":7', '"size":8'),
          mediaTypes.ociManifest,
          'MANIFEST_INVALID',
        ],
        [
          'whose layer is missing',
          text.replaceAll(sha256Of(blobs.layer), sha256Of(Buffer.from('x'))),
          mediaTypes.ociManifest,
          'MANIFEST_BLOB_UNKNOWN',
        ],
        [
          'whose child is missing',
          JSON.stringify({
            ...index,
            manifests: [child({ x: 1, mediaType: mediaTypes.ociManifest })],
          }),
          mediaTypes.ociIndex,
          'MANIFEST_BLOB_UNKNOWN',
        ],
      ];
      for (const [what, body, type, code] of refused) {
        test(`a manifest ${what} is refused`, async () => {
          const answer = await put('refused', body, type);
          assert.equal(answer.status, 400);
          assert.equal(jsonOf(answer).errors[0].code, code);
          await it.expect(404, 'HEAD', `/v2/${name}/manifests/refused`);
        });
      }

      for (const chunked of [false, true]) {
        test(`a body without end is refused at 4 MiB, ${chunked ? 'chunked' : 'by its length'}`, async () => {
          const answer = await put(
            'large',
            Buffer.alloc(6 * 2 ** 20, ' '),
            mediaTypes.ociManifest,
            chunked,
          );
          assert.equal(answer.status, 413);
          assert.equal(jsonOf(answer).errors[0].code, 'SIZE_INVALID');
          await it.expect(200, 'GET', '/v2/');
        });
      }
    });
  });
}
