import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { digestOf, sha256Of } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { blobs, child, image, index } from './documents.ts';
import { jsonOf, type RegistryUnderTest } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

/** How manifests are taken, refused, named and kept. */
export function manifestsSuite(storage: StorageUnderTest): void {
  suite(`manifests, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

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
}
