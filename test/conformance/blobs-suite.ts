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

/** The range of one byte, as long as in a layer of many gigabytes. */
const oneByte = (at: number): string =>
  `${String(at).padStart(11, '0')}-${String(at).padStart(11, '0')}`;

/** The parts of a `multipart/byteranges` body: the headers of each, and its bytes as latin1. */
function partsOf(answer: Answer): readonly Readonly<Record<string, string>>[] {
  const type = String(answer.headers['content-type']);
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]+)$/.exec(type)?.[1];
  assert.ok(boundary !== undefined, type);
  const pieces = `\r\n${answer.body.toString('latin1')}`.split(`\r\n--${boundary}`);
  assert.equal(pieces.shift(), '');
  assert.equal(pieces.pop(), '--\r\n');
  return pieces.map((piece) => {
    const end = piece.indexOf('\r\n\r\n');
    const lines = piece.slice(2, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
    return { ...headers, body: piece.slice(end + 4) };
  });
}

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

    suite('ranges of a blob of 5000 bytes', () => {
      const bytes = randomBytes(5000);
      const parts: readonly (readonly [string, number, number])[] = [
        ['bytes=500-1499', 500, 1499],
        ['bytes=500-', 500, 4999],
        ['bytes=-500', 4500, 4999],
        ['bytes=2000-9000', 2000, 4999],
        ['bytes=0-0', 0, 0],
        ['bytes=4999-', 4999, 4999],
        ['bytes=-9000', 0, 4999],
      ];
      for (const [range, first, last] of parts) {
        test(`${range} is answered 206 with exactly these bytes`, async () => {
          const path = `/v2/${name}/blobs/${await it.pushBlob(name, bytes)}`;
          const answer = await it.expect(206, 'GET', path, { headers: { Range: range } });
          assert.equal(answer.headers['content-range'], `bytes ${first}-${last}/5000`);
          assert.equal(answer.headers['content-length'], String(last - first + 1));
          assert.deepEqual(answer.body, bytes.subarray(first, last + 1));
        });
      }
      for (const range of ['bytes=5000-10000', 'bytes=500-0', 'bytes=5000-', 'bytes=-0']) {
        test(`${range} is answered 416`, async () => {
          const path = `/v2/${name}/blobs/${await it.pushBlob(name, bytes)}`;
          const answer = await it.expect(416, 'GET', path, { headers: { Range: range } });
          assert.equal(answer.headers['content-range'], 'bytes */5000');
          assert.equal(answer.headers['cache-control'], undefined);
        });
      }
      for (const range of [
        'bytes=0-9,20-29,x',
        'bytes=0-4999,0-0',
        'items=0-9',
        'bytes=',
        'bytes=a-b',
        'bytes=-',
      ]) {
        test(`${range} is answered with the whole blob`, async () => {
          const path = `/v2/${name}/blobs/${await it.pushBlob(name, bytes)}`;
          const answer = await it.expect(200, 'GET', path, { headers: { Range: range } });
          assert.deepEqual(answer.body, bytes);
        });
      }
      const several: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
        [
          'bytes=0-9,20-29',
          [
            [0, 9],
            [20, 29],
          ],
        ],
        [
          'bytes=4990-, 0-0 ,-10',
          [
            [4990, 4999],
            [0, 0],
            [4990, 4999],
          ],
        ],
        ['bytes=0-9,7000-8000', [[0, 9]]],
        [
          `bytes=${Array.from({ length: 1024 }, (_, at) => oneByte(at * 4)).join(',')}`,
          Array.from({ length: 1024 }, (_, at) => [at * 4, at * 4] as const),
        ],
      ];
      for (const [range, wanted] of several) {
        test(`${range.slice(0, 30)} is answered with ${wanted.length} parts in one body`, async () => {
          const path = `/v2/${name}/blobs/${await it.pushBlob(name, bytes)}`;
          const answer = await it.expect(206, 'GET', path, { headers: { Range: range } });
          assert.equal(answer.headers['content-range'], undefined);
          assert.equal(answer.headers['content-length'], String(answer.body.length));
          assert.deepEqual(
            partsOf(answer),
            wanted.map(([first, last]) => ({
              'Content-Type': 'application/octet-stream',
              'Content-Range': `bytes ${first}-${last}/5000`,
              body: bytes.subarray(first, last + 1).toString('latin1'),
            })),
          );
          await it.expect(200, 'GET', '/v2/');
        });
      }
      test('several ranges that all lie behind the end are answered 416', async () => {
        const path = `/v2/${name}/blobs/${await it.pushBlob(name, bytes)}`;
        const headers = { Range: 'bytes=5000-,7000-8000' };
        const answer = await it.expect(416, 'GET', path, { headers });
        assert.equal(answer.headers['content-range'], 'bytes */5000');
      });
      test('who has the blob already is told so', async () => {
        const digest = await it.pushBlob(name, bytes);
        const path = `/v2/${name}/blobs/${digest}`;
        for (const header of [`"${digest}"`, `"x", W/"${digest}"`, digest, '*']) {
          for (const method of ['GET', 'HEAD']) {
            const answer = await it.expect(304, method, path, {
              headers: { 'If-None-Match': header },
            });
            assert.equal(answer.headers.etag, `"${digest}"`);
            assert.equal(answer.body.length, 0);
          }
        }
        await it.expect(200, 'GET', path, { headers: { 'If-None-Match': '"x"' } });
        const missing = path.replace(digest, sha256Of(randomBytes(8)));
        await it.expect(404, 'GET', missing, { headers: { 'If-None-Match': '*' } });
      });
      test('a range of another version of the blob is answered with the whole', async () => {
        const digest = await it.pushBlob(name, bytes);
        const path = `/v2/${name}/blobs/${digest}`;
        const other = { Range: 'bytes=0-9', 'If-Range': '"other"' };
        await it.expect(200, 'GET', path, { headers: other });
        const same = { Range: 'bytes=0-9', 'If-Range': `"${digest}"` };
        await it.expect(206, 'GET', path, { headers: same });
      });
      test('a HEAD tells the whole length, whatever the range', async () => {
        const path = `/v2/${name}/blobs/${await it.pushBlob(name, bytes)}`;
        const answer = await it.expect(200, 'HEAD', path, { headers: { Range: 'bytes=0-9' } });
        assert.equal(answer.headers['content-length'], '5000');
      });
    });

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
