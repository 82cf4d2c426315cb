import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { sha256Of } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-type.ts';
import { child, descriptor, digestOfDocument } from './documents.ts';
import { rawExchange } from './raw-exchange.ts';
import { jsonOf, type RegistryUnderTest } from './registry-under-test.ts';
import type { StorageUnderTest } from './storage-under-test.ts';

const name = 'hardening/app';
const config = '{}';
const image = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor(mediaTypes.ociConfig, config),
  layers: [],
};
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex };
const head = 'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: a\r\n';

/** What proxies and servers read in two ways; a request hides behind each (RFC 9112, 6.3 and 11.2). */
const ambiguous: Readonly<Record<string, string>> = {
  'two lengths of different kinds': `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'two different lengths': `${head}Content-Length: 4\r\nContent-Length: 0\r\n\r\nGET `,
  'a list of lengths': `${head}Content-Length: 4, 5\r\n\r\nGET /`,
  'a negative length': `${head}Content-Length: -1\r\n\r\n`,
  'a signed length': `${head}Content-Length: +4\r\n\r\nGET `,
  'a hexadecimal length': `${head}Content-Length: 0x4\r\n\r\nGET `,
  'chunked not at the end': `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  'an encoding that only looks chunked': `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'a space before a colon': `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  'a folded header': `${head}Transfer-Encoding:\r\n chunked\r\nX: y\r\n z\r\n\r\n0\r\n\r\n`,
  'a lone line feed in the header': `${head}X: y\nContent-Length: 0\r\n\r\n`,
  'a zero byte in a header': `${head}X: \0\r\n\r\n`,
  'a chunk without end of line': `${head}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`,
  'a chunk of more than 64 bits': `${head}Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(17)}\r\n`,
  'a negative chunk': `${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n`,
  'no host': 'GET /v2/ HTTP/1.1\r\n\r\n',
  'a header of megabytes': `${head}X: ${'x'.repeat(200_000)}\r\n\r\n`,
  'chunk extensions without end': `${head}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(100_000)}`,
};

/** Nobody who only has the address can bring the registry down, read what is not theirs, or be taken for somebody else. */
export function hardeningSuite(storage: StorageUnderTest): void {
  suite(`hardening, over ${storage.name}`, () => {
    let it: RegistryUnderTest;
    before(async () => {
      it = await storage.start();
      await it.pushBlob(name, Buffer.from(config));
    });
    after(() => it[Symbol.asyncDispose]());

    for (const [what, bytes] of Object.entries(ambiguous)) {
      test(`a request with ${what} ends its connection, and nothing behind it is answered`, async () => {
        const answer = await rawExchange(
          it.url,
          `${bytes}GET /v2/ HTTP/1.1\r\nHost: hidden\r\n\r\n`,
        );
        assert.doesNotMatch(answer, /HTTP\/1\.1 200/);
        // Where the body turned out to be broken, the answer to the head may be out already. Who is still sending when the
        // connection ends may not come to read the answer.
        assert.match(answer, /^(HTTP\/1\.1 (4\d\d|202) |$)/);
        assert.ok(answer.split('HTTP/1.1 202').length <= 2);
        await it.expect(200, 'GET', '/v2/');
      });
    }

    test('a manifest without end is refused while it is still being sent, and costs no memory', async () => {
      const sending = request(`${it.url}/v2/${name}/manifests/endless`, {
        method: 'PUT',
        headers: { 'Transfer-Encoding': 'chunked', 'Content-Type': mediaTypes.ociManifest },
      });
      sending.on('error', () => {});
      const answered = once(sending, 'response') as Promise<[IncomingMessage]>;
      const isAnswered = answered.then(() => true);
      const chunk = Buffer.alloc(2 ** 18, ' ');
      let sent = 0;
      do {
        sent += chunk.length;
        if (!sending.write(chunk)) await Promise.race([once(sending, 'drain'), answered]);
      } while (sent < 2 ** 28 && !(await Promise.race([isAnswered, turn(false)])));
      assert.equal((await answered)[0].statusCode, 413);
      // What the kernel takes on the way is sent, but not kept.
      assert.ok(sent <= 2 ** 26, `${sent} bytes were sent`);
      sending.destroy();
      await it.expect(200, 'GET', '/v2/');
    });

    test('an index of as many entries as fit is answered in no time', async () => {
      const entries = Array.from({ length: 27_000 }, () => ({
        mediaType: mediaTypes.ociManifest,
        digest: sha256Of(randomBytes(4)),
        size: 1,
      }));
      const body = JSON.stringify({ ...index, manifests: entries });
      const before = process.cpuUsage();
      const answer = await it.refuses(
        400,
        'MANIFEST_BLOB_UNKNOWN',
        'PUT',
        `/v2/${name}/manifests/x`,
        {
          body,
          headers: { 'Content-Type': mediaTypes.ociIndex },
        },
      );
      assert.ok(answer.body.length < 20_000);
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 5e6, `it took ${(user + system) / 1e6} s of the processor`);
    });

    test('a manifest that names one blob as often as fits is taken in no time', async () => {
      const layers = Array.from({ length: 27_000 }, () => image.config);
      const before = process.cpuUsage();
      await it.pushManifest(name, 'many', { ...image, layers });
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 5e6, `it took ${(user + system) / 1e6} s of the processor`);
      await it.expect(
        202,
        'DELETE',
        `/v2/${name}/manifests/${digestOfDocument({ ...image, layers })}`,
      );
    });

    test('indexes nested thirty deep, each with the next one twice, are taken in no time', async () => {
      let inner: object = image;
      await it.pushManifest(name, digestOfDocument(image), image);
      const before = process.cpuUsage();
      for (let depth = 0; depth < 30; depth++) {
        inner = { ...index, manifests: [child(inner), child(inner)] };
        await it.pushManifest(name, digestOfDocument(inner), inner);
      }
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 5e6, `it took ${(user + system) / 1e6} s of the processor`);
    });

    test('members named like those of every object are kept as they are', async () => {
      const annotations = JSON.parse(
        '{"__proto__":"x","constructor":"y","toString":"z"}',
      ) as object;
      const subject = child(image);
      const document = { ...image, annotations, subject };
      await it.pushManifest(name, 'proto', document);
      const list = await it.expect(200, 'GET', `/v2/${name}/referrers/${subject.digest}`);
      assert.deepEqual(jsonOf(list).manifests[0].annotations, annotations);
      assert.ok(list.body.toString().includes('"__proto__":"x"'));
    });

    test('what a client sent is told back as data only', async () => {
      const path = '/v2/%3Cscript%3E/tags/list';
      const answer = await it.refuses(400, 'NAME_INVALID', 'GET', path);
      assert.equal(answer.headers['x-injected'], undefined);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    });

    for (const method of ['TRACE', 'CONNECT', 'OPTIONS', 'PROPFIND']) {
      test(`${method} does nothing`, async () => {
        const answer = await rawExchange(
          it.url,
          `${method} /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: http://evil\r\n\r\n`,
        );
        assert.doesNotMatch(answer, /HTTP\/1\.1 2/);
        assert.doesNotMatch(answer, /Access-Control-Allow/i);
      });
    }
  });
}
