import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { digestOf, sha256Of, type DigestAlgorithm } from '../../src/oci/digest.ts';
import {
  type RegistryUnderTest,
  locationOf,
  withQuery,
  type Answer,
} from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

/** How blobs come, go and are shared. */
export function blobsSuite(storage: StorageUnderTest): void {
  suite(`blobs, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    const name = 'conformance/blobs';
    const uploads = `/v2/${name}/blobs/uploads/`;

    /** The ways in which clients push a blob; each gives the last answer. */
    const ways: Readonly<
      Record<string, (bytes: Buffer, digest: string, algorithm: DigestAlgorithm) => Promise<Answer>>
    > = {
      'one POST': (body, digest) => it.call('POST', `${uploads}?digest=${digest}`, { body }),
      'POST and PUT, as containerd does': async (body, digest) => {
        const location = await it.begin(name);
        return await it.call('PUT', withQuery(location, `digest=${digest.replace(':', '%3A')}`), {
          body,
          headers: { 'Content-Type': 'application/octet-stream' },
        });
      },
      'a stream PATCH without any type, as docker does': async (body, digest) => {
        const location = await it.begin(name);
        const patched = await it.expect(202, 'PATCH', location, { body, chunked: true });
        assert.equal(patched.headers.range, `0-${Math.max(0, body.length - 1)}`);
        return await it.call('PUT', withQuery(locationOf(patched), `digest=${digest}`), {
          body: '',
        });
      },
      'a PATCH with a length, as podman and skopeo do': async (body, digest) => {
        const patched = await it.expect(202, 'PATCH', await it.begin(name), { body });
        return await it.call('PUT', withQuery(locationOf(patched), `digest=${digest}`));
      },
      'one chunk': (body, digest) => inChunks(body, digest, 1, false),
      'three chunks': (body, digest) => inChunks(body, digest, 3, false),
      'three chunks, the last with the PUT': (body, digest) => inChunks(body, digest, 3, true),
      'a chunked PUT': async (body, digest) =>
        await it.call('PUT', withQuery(await it.begin(name), `digest=${digest}`), {
          body,
          chunked: true,
        }),
      'a hint for its algorithm': async (body, digest, algorithm) => {
        const started = await it.expect(202, 'POST', `${uploads}?digest-algorithm=${algorithm}`);
        return await it.call('PUT', withQuery(locationOf(started), `digest=${digest}`), { body });
      },
    };

    async function inChunks(
      body: Buffer,
      digest: string,
      count: number,
      lastWithPut: boolean,
    ): Promise<Answer> {
      let location = await it.begin(name);
      const length = Math.ceil(body.length / count);
      for (let first = 0; first < body.length; first += length) {
        const chunk = body.subarray(first, first + length);
        const last = first + chunk.length - 1;
        const call = { body: chunk, headers: { 'Content-Range': `${first}-${last}` } };
        if (lastWithPut && last === body.length - 1) {
          return await it.call('PUT', withQuery(location, `digest=${digest}`), call);
        }
        const answer = await it.expect(202, 'PATCH', location, call);
        assert.equal(answer.headers.range, `0-${last}`);
        location = locationOf(answer);
      }
      return await it.call('PUT', withQuery(location, `digest=${digest}`));
    }

    for (const algorithm of ['sha256', 'sha512'] as const) {
      suite(`blobs under ${algorithm}`, () => {
        for (const [way, push] of Object.entries(ways)) {
          test(`a blob pushed by ${way} is read back whole and deleted`, async () => {
            const bytes = randomBytes(30_001);
            const digest = digestOf(algorithm, bytes);
            const path = `/v2/${name}/blobs/${digest}`;
            await it.refuses(404, 'BLOB_UNKNOWN', 'HEAD', path);
            const pushed = await push(bytes, digest, algorithm);
            assert.equal(pushed.status, 201, pushed.body.toString());
            assert.equal(pushed.headers['docker-content-digest'], digest);
            assert.equal(pushed.headers.location, path);

            const head = await it.expect(200, 'HEAD', path);
            assert.equal(head.headers['content-length'], String(bytes.length));
            assert.equal(head.headers['docker-content-digest'], digest);
            assert.equal(head.headers['accept-ranges'], 'bytes');
            assert.equal(head.body.length, 0);
            const got = await it.expect(200, 'GET', locationOf(pushed), {
              headers: { 'Accept-Encoding': 'gzip, zstd' },
            });
            assert.deepEqual(got.body, bytes);
            assert.equal(got.headers['content-encoding'], undefined);

            await it.expect(202, 'DELETE', path);
            await it.refuses(404, 'BLOB_UNKNOWN', 'HEAD', path);
            await it.refuses(404, 'BLOB_UNKNOWN', 'DELETE', path);
          });

          test(`wrong bytes pushed by ${way} are refused`, async () => {
            const digest = digestOf(algorithm, randomBytes(9));
            const pushed = await push(randomBytes(300), digest, algorithm);
            assert.equal(pushed.status, 400);
            assert.match(pushed.body.toString(), /DIGEST_INVALID/);
            await it.refuses(404, 'BLOB_UNKNOWN', 'GET', `/v2/${name}/blobs/${digest}`);
          });
        }

        for (const content of ['', '{}']) {
          test(`the blob "${content}" is pushed and read like any other`, async () => {
            const bytes = Buffer.from(content);
            const digest = digestOf(algorithm, bytes);
            for (const call of [{ body: bytes }, { body: bytes, chunked: true }]) {
              const location = await it.begin(name);
              await it.expect(201, 'PUT', withQuery(location, `digest=${digest}`), call);
              const got = await it.expect(200, 'GET', `/v2/${name}/blobs/${digest}`);
              assert.equal(got.headers['content-length'], String(bytes.length));
              assert.deepEqual(got.body, bytes);
            }
          });
        }
      });
    }

    for (const size of [1, 16_384, 16_385, 65_536, 65_537, 262_145, 2 ** 20]) {
      test(`a blob of ${size} bytes has the same length by HEAD and GET`, async () => {
        const bytes = randomBytes(size);
        const path = `/v2/${name}/blobs/${await it.pushBlob(name, bytes)}`;
        const head = await it.expect(200, 'HEAD', path);
        const got = await it.expect(200, 'GET', path);
        assert.equal(head.headers['content-length'], got.headers['content-length']);
        assert.deepEqual(got.body, bytes);
      });
    }

    suite('mounts', () => {
      const source = 'conformance/source';
      test('a blob of another repository is mounted and then read here', async () => {
        const bytes = randomBytes(100);
        const digest = await it.pushBlob(source, bytes);
        const mount = `${uploads}?mount=${digest}&from=${source.replace('/', '%2F')}`;
        const answer = await it.expect(201, 'POST', mount);
        assert.deepEqual((await it.expect(200, 'GET', locationOf(answer))).body, bytes);
        await it.expect(202, 'DELETE', `/v2/${name}/blobs/${digest}`);
        await it.expect(200, 'GET', `/v2/${source}/blobs/${digest}`);
      });
      test('a blob is mounted without saying from where', async () => {
        const digest = await it.pushBlob(source, randomBytes(100));
        await it.refuses(404, 'BLOB_UNKNOWN', 'GET', `/v2/${name}/blobs/${digest}`);
        await it.expect(201, 'POST', `${uploads}?mount=${digest}`);
        await it.expect(200, 'GET', `/v2/${name}/blobs/${digest}`);
      });
      test('a blob deleted in one repository is gone there, and stays in the other', async () => {
        const bytes = randomBytes(100);
        for (const repository of [source, name]) await it.pushBlob(repository, bytes);
        const [here, there] = [source, name].map(
          (repository) => `/v2/${repository}/blobs/${sha256Of(bytes)}`,
        );
        await it.expect(202, 'DELETE', here ?? '');
        assert.deepEqual((await it.expect(200, 'GET', there ?? '')).body, bytes);
        for (const method of ['GET', 'HEAD'])
          await it.refuses(404, 'BLOB_UNKNOWN', method, here ?? '');
      });
      test('a blob that is not there becomes an upload', async () => {
        const bytes = randomBytes(100);
        const digest = sha256Of(bytes);
        const answer = await it.expect(202, 'POST', `${uploads}?mount=${digest}&from=${source}`);
        await it.expect(201, 'PUT', withQuery(locationOf(answer), `digest=${digest}`), {
          body: bytes,
        });
      });
    });
  });
}
