import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { sha256Of } from '../../src/oci/digest.ts';
import { type RegistryUnderTest, jsonOf } from './registry-under-test.ts';
import { rawExchange } from './raw-exchange.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

export function protocolSuite(storage: StorageUnderTest): void {
  suite(`the protocol, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    const digest = sha256Of(randomBytes(8));
    const hex = 'a'.repeat(64);

    for (const path of ['/v2/', '/v2']) {
      for (const method of ['GET', 'HEAD']) {
        test(`${method} ${path} says that this is a registry`, async () => {
          const answer = await it.expect(200, method, path);
          assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
        });
      }
    }

    test('credentials that nobody asked for do no harm', async () => {
      await it.expect(200, 'GET', '/v2/', { headers: { Authorization: 'Basic YTpi' } });
    });

    test('an empty repository has referrers, none, and no tags', async () => {
      const answer = await it.expect(200, 'GET', `/v2/empty/repo/referrers/${digest}`);
      assert.equal(answer.headers['content-type'], 'application/vnd.oci.image.index.v1+json');
      assert.deepEqual(jsonOf(answer).manifests, []);
      await it.refuses(404, 'NAME_UNKNOWN', 'GET', '/v2/empty/repo/tags/list');
    });

    const refusals: readonly (readonly [string, string, number, string])[] = [
      ['GET', `/v2/a/blobs/${digest}`, 404, 'BLOB_UNKNOWN'],
      ['HEAD', `/v2/a/blobs/${digest}`, 404, 'BLOB_UNKNOWN'],
      ['DELETE', `/v2/a/blobs/${digest}`, 404, 'BLOB_UNKNOWN'],
      ['GET', '/v2/a/manifests/latest', 404, 'MANIFEST_UNKNOWN'],
      ['HEAD', '/v2/a/manifests/latest', 404, 'MANIFEST_UNKNOWN'],
      ['GET', `/v2/a/manifests/${digest}`, 404, 'MANIFEST_UNKNOWN'],
      ['DELETE', '/v2/a/manifests/latest', 404, 'MANIFEST_UNKNOWN'],
      ['DELETE', `/v2/a/manifests/${digest}`, 404, 'MANIFEST_UNKNOWN'],
      ['GET', '/v2/a/manifests/.INVALID', 404, 'MANIFEST_UNKNOWN'],
      ['GET', `/v2/a/manifests/sha256-${hex}.sig`, 404, 'MANIFEST_UNKNOWN'],
      ['GET', '/v2/a/manifests/sha256:bad', 400, 'DIGEST_INVALID'],
      ['PUT', '/v2/a/manifests/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
      ['PUT', `/v2/a/manifests/sha256:${hex.slice(1)}`, 400, 'DIGEST_INVALID'],
      ['PUT', `/v2/a/manifests/SHA256:${hex}`, 400, 'DIGEST_INVALID'],
      ['PUT', `/v2/a/manifests/md5:${hex.slice(32)}`, 400, 'DIGEST_INVALID'],
      ['PUT', `/v2/a/manifests/sha256:${hex.toUpperCase()}`, 400, 'DIGEST_INVALID'],
      ['PUT', '/v2/a/manifests/..', 400, 'TAG_INVALID'],
      ['GET', '/v2/a/blobs/sha256:bad', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/a/blobs/latest', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/a/referrers/latest', 400, 'DIGEST_INVALID'],
      [
        'GET',
        '/v2/a/blobs/uploads/00000000-0000-0000-0000-000000000000',
        404,
        'BLOB_UPLOAD_UNKNOWN',
      ],
      ['PATCH', '/v2/a/blobs/uploads/..', 404, 'BLOB_UPLOAD_UNKNOWN'],
      ['DELETE', '/v2/a/blobs/uploads/..%2f..%2fcatalog.db', 404, 'NAME_UNKNOWN'],
      ['DELETE', '/v2/a/blobs/uploads/..%5c..%5ccatalog.db', 404, 'BLOB_UPLOAD_UNKNOWN'],
      ['PUT', '/v2/a/blobs/uploads/x', 400, 'DIGEST_INVALID'],
      ['POST', '/v2/a/blobs/uploads/?digest=sha256:bad', 400, 'DIGEST_INVALID'],
      ['POST', '/v2/a/blobs/uploads/?mount=sha256:bad&from=b', 400, 'DIGEST_INVALID'],
      ['POST', '/v2/a/blobs/uploads/?digest-algorithm=md5', 400, 'DIGEST_INVALID'],
      ['POST', '/v2/A/blobs/uploads/', 400, 'NAME_INVALID'],
      ['GET', '/v2/a___b/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a..b/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a-/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/..%2f..%2fetc/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/%2e%2e/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a%00b/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a%5cb/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/%ff/tags/list', 400, 'NAME_INVALID'],
      ['GET', `/v2/${'a'.repeat(300)}/tags/list`, 400, 'NAME_INVALID'],
      ['GET', '/v2/a%0d%0aX-Injected:%201/tags/list', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/%EF%BD%81/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a%2f/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2//tags/list', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/%2e%2e/%2e%2e/etc/passwd', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/../../etc/passwd', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/a/_uploads/x', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/a/manifests/%252e%252e', 404, 'MANIFEST_UNKNOWN'],
      ['GET', `/v2/a/manifests/${'t'.repeat(129)}`, 404, 'MANIFEST_UNKNOWN'],
      ['PUT', `/v2/a/manifests/${'t'.repeat(129)}`, 400, 'TAG_INVALID'],
      ['PUT', `/v2/a/manifests/${digest}?tag=..`, 400, 'TAG_INVALID'],
      ['PUT', `/v2/a/manifests/${digest}?tag=a%0d%0aX-Injected:%201`, 400, 'TAG_INVALID'],
      ['GET', '/v2/a/blobs/sha256:..%2f..%2f..%2fcatalog.db', 404, 'NAME_UNKNOWN'],
      ['GET', '/v2/a/blobs/sha256:..%5c..%5ccatalog.db', 400, 'DIGEST_INVALID'],
      ['GET', `/v2/a/blobs/sha256:${hex}%00`, 400, 'DIGEST_INVALID'],
      ['GET', `/v2/a/referrers/sha256:${hex.slice(1)}`, 400, 'DIGEST_INVALID'],
      ['POST', `/v2/a/blobs/uploads/?mount=${digest}&from=..%2f..`, 400, 'NAME_INVALID'],
      ['GET', '/v2/nothing/here', 404, 'NAME_UNKNOWN'],
      ['GET', '/nothing', 404, 'NAME_UNKNOWN'],
      ['POST', '/v2/', 405, 'UNSUPPORTED'],
      ['POST', '/v2/a/manifests/latest', 405, 'UNSUPPORTED'],
      ['GET', '/v2/a/blobs/uploads/', 405, 'UNSUPPORTED'],
    ];
    for (const [method, path, status, code] of refusals) {
      test(`${method} ${path.slice(0, 70)} is answered ${status} ${code}`, async () => {
        await it.refuses(status, code, method, path);
      });
    }

    for (const [name, path] of [
      ['a/blobs/b', '/v2/a/blobs/b/manifests/latest'],
      ['a/blobs/uploads', '/v2/a/blobs/uploads/tags/list'],
      ['v2/manifests', '/v2/v2/manifests/tags/list'],
      ['a/tags', '/v2/a/tags/tags/list'],
      ['a__b/c--d', '/v2/a__b/c--d/tags/list'],
    ] as const) {
      test(`a repository may be called ${name}`, async () => {
        const content = Buffer.from('{}');
        const config = await it.pushBlob(name, content);
        await it.pushManifest(name, 'latest', {
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          config: { mediaType: 'application/x', digest: config, size: content.length },
          layers: [],
        });
        await it.expect(200, 'GET', path);
        await it.expect(200, 'GET', `/v2/${name}/blobs/${config}`);
      });
    }

    test('a TLS hello is answered at once, by closing', async () => {
      const started = performance.now();
      await rawExchange(it.url, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
      assert.ok(performance.now() - started < 2000);
    });

    test('a target in absolute form is served as its path', async () => {
      const answer = await rawExchange(
        it.url,
        'GET http://elsewhere/v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      );
      assert.match(answer, /^HTTP\/1.1 200 /);
    });

    test('health, readiness, metrics and the first page answer', async () => {
      for (const path of ['/healthz', '/readyz', '/metrics', '/'])
        await it.expect(200, 'GET', path);
    });
  });
}
