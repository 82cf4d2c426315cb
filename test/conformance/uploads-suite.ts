import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sha256Of } from '../../src/oci/digest.ts';
import { type RegistryUnderTest, locationOf, withQuery } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

export function uploadsSuite(storage: StorageUnderTest): void {
  suite(`uploads under way, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
    });
    after(() => it[Symbol.asyncDispose]());

    const name = 'conformance/uploads';

    test('a fresh upload is at 0-0, with a relative location that names its repository', async () => {
      const answer = await it.expect(202, 'POST', `/v2/${name}/blobs/uploads/`, {
        headers: { Host: 'registry.example:8443', 'X-Forwarded-Proto': 'https' },
      });
      const location = locationOf(answer);
      assert.ok(location.startsWith(`/v2/${name}/blobs/uploads/`));
      assert.equal(answer.headers.range, '0-0');
      assert.equal(answer.headers['content-length'], '0');
      assert.ok(location.includes(String(answer.headers['docker-upload-uuid'])));
      const status = await it.expect(204, 'GET', location);
      assert.equal(status.headers.range, '0-0');
      assert.equal(status.headers.location, location);
    });

    for (const form of ['', 'bytes ', 'bytes=']) {
      test(`chunks out of order are refused and the upload goes on, ranges written "${form}0-9"`, async () => {
        const bytes = randomBytes(300);
        const location = await it.begin(name);
        const patch = (first: number, last: number) => ({
          body: bytes.subarray(first, last + 1),
          headers: { 'Content-Range': `${form}${first}-${last}` },
        });
        await it.refuses(416, 'RANGE_INVALID', 'PATCH', location, patch(100, 199));
        await it.expect(202, 'PATCH', location, patch(0, 99));
        await it.refuses(416, 'RANGE_INVALID', 'PATCH', location, patch(0, 99));
        await it.refuses(416, 'RANGE_INVALID', 'PATCH', location, patch(200, 299));
        assert.equal((await it.expect(204, 'GET', location)).headers.range, '0-99');
        await it.expect(202, 'PATCH', location, patch(100, 199));
        const put = withQuery(location, `digest=${sha256Of(bytes)}`);
        await it.refuses(416, 'RANGE_INVALID', 'PUT', put, patch(100, 199));
        await it.expect(201, 'PUT', put, patch(200, 299));
      });
    }

    for (const range of [
      '',
      '-',
      'a-b',
      '5',
      '10-5',
      '0-99999999999999999999',
      '1-9',
      '0-8',
      '0-10',
    ]) {
      test(`a PUT with Content-Range "${range}" for ten bytes is refused and the upload lives`, async () => {
        const body = randomBytes(10);
        const location = await it.begin(name);
        const put = withQuery(location, `digest=${sha256Of(body)}`);
        const headers = { 'Content-Range': range };
        await it.refuses(416, 'RANGE_INVALID', 'PUT', put, { body, headers });
        await it.refuses(416, 'RANGE_INVALID', 'PATCH', location, { body, headers });
        assert.equal((await it.expect(204, 'GET', location)).headers.range, '0-0');
        await it.expect(201, 'PUT', put, { body });
      });
    }

    test('a cancelled upload is gone', async () => {
      const location = await it.begin(name);
      await it.expect(202, 'PATCH', location, { body: randomBytes(10) });
      await it.expect(204, 'DELETE', location);
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        await it.refuses(404, 'BLOB_UPLOAD_UNKNOWN', method, location);
      }
    });

    test('a finished upload is gone', async () => {
      const body = randomBytes(10);
      const location = await it.begin(name);
      const put = withQuery(location, `digest=${sha256Of(body)}`);
      await it.expect(201, 'PUT', put, { body });
      await it.refuses(404, 'BLOB_UPLOAD_UNKNOWN', 'PUT', put, { body });
    });

    test('an upload cannot be reached through another repository', async () => {
      const location = await it.begin(name);
      const elsewhere = location.replace(name, 'conformance/other');
      await it.refuses(404, 'BLOB_UPLOAD_UNKNOWN', 'PATCH', elsewhere, { body: randomBytes(1) });
    });

    test('a client that is cut off finds its bytes and goes on behind them', async () => {
      const bytes = randomBytes(400_000);
      const location = await it.begin(name);
      const cut = request(it.url + location, {
        method: 'PATCH',
        headers: { 'Content-Length': bytes.length },
      });
      const ended = once(cut, 'close').catch(() => {});
      cut.write(bytes.subarray(0, 200_000));
      await delay(100);
      cut.destroy();
      await ended;
      let size = 0;
      for (let round = 0; round < 50 && size < 200_000; round++) {
        await delay(20);
        const { range = '' } = (await it.expect(204, 'GET', location)).headers;
        size = Number(range.split('-')[1]) + 1;
      }
      assert.equal(size, 200_000);
      const rest = { 'Content-Range': `${size}-${bytes.length - 1}` };
      await it.expect(202, 'PATCH', location, { body: bytes.subarray(size), headers: rest });
      await it.expect(201, 'PUT', withQuery(location, `digest=${sha256Of(bytes)}`));
    });

    test('a retry takes the upload over from a request whose client is silent', async () => {
      const bytes = randomBytes(1000);
      const location = await it.begin(name);
      const silent = request(it.url + location, {
        method: 'PATCH',
        headers: { 'Content-Length': bytes.length },
      });
      const ended = once(silent, 'close').catch(() => {});
      silent.write(bytes.subarray(0, 500));
      await delay(100);
      await it.refuses(416, 'RANGE_INVALID', 'PATCH', location, {
        body: bytes.subarray(0, 500),
        headers: { 'Content-Range': '0-499' },
      });
      await ended;
      assert.equal((await it.expect(204, 'GET', location)).headers.range, '0-499');
      const put = withQuery(location, `digest=${sha256Of(bytes)}`);
      await it.expect(201, 'PUT', put, { body: bytes.subarray(500) });
    });

    test('an upload that was refused at once leaves its connection usable', async () => {
      const body = randomBytes(2_000_000);
      const missing = `/v2/${name}/blobs/uploads/00000000-0000-0000-0000-000000000000`;
      for (let round = 0; round < 3; round++) {
        await it.refuses(404, 'BLOB_UPLOAD_UNKNOWN', 'PATCH', missing, { body });
      }
      await it.expect(200, 'GET', '/v2/');
    });
  });
}
