import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { sha256Of } from '../../src/oci/digest.ts';
import type { Answer, RegistryUnderTest } from './registry-under-test.ts';
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

/** Parts of a blob (RFC 9110, 14), and reads by those who have it already. */
export function rangesSuite(storage: StorageUnderTest): void {
  suite(`ranges of a blob of 5000 bytes, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    const name = 'conformance/ranges';
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
}
