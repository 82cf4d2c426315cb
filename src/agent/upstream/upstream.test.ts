import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { sha256Of } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { parseRepository, parseTag } from '../../oci/reference.ts';
import { RegistryFixture } from '../registry-fixture.ts';
import { Upstream } from './upstream.ts';

const repository = parseRepository('team/app');
const tag = { kind: 'tag', tag: parseTag('1') } as const;

async function bytesOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function setUp(
  t: test.TestContext,
): Promise<{ fixture: RegistryFixture; upstream: Upstream }> {
  const fixture = await RegistryFixture.start();
  const upstream = new Upstream({ registry: fixture.url, clock: systemClock });
  t.after(async () => {
    await upstream.close();
    await fixture.die();
  });
  return { fixture, upstream };
}

test('a manifest is given verbatim, with its digest and type', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const image = fixture.addImage('team/app', '1', [Buffer.from('layer')]);
  const found = await upstream.getManifest(repository, tag);
  assert.deepEqual(found.bytes, image.manifest);
  assert.equal(found.digest, image.manifestDigest);
  assert.equal(found.mediaType, mediaTypes.ociManifest);
  assert.equal(await upstream.headManifest(repository, tag), image.manifestDigest);
});

test('a manifest with other bytes than its digest names is refused', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const image = fixture.addImage('team/app', '1', []);
  fixture.intercept = (_request, response) => {
    response.setHeader('content-type', mediaTypes.ociManifest);
    response.end(`${image.manifest.toString()} `);
    return true;
  };
  await assert.rejects(
    upstream.getManifest(repository, { kind: 'digest', digest: image.manifestDigest }),
    { code: 'UPSTREAM_BAD_ANSWER', message: /another digest/ },
  );
});

test('what is no manifest is refused, whatever status it comes with', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const answers: [string, string | Buffer][] = [
    ['text/html', '<html>Please log in</html>'],
    [mediaTypes.ociManifest, '<html>Please log in</html>'],
    [mediaTypes.ociManifest, '[]'],
    [mediaTypes.ociManifest, Buffer.alloc(4 * 1024 * 1024 + 1, ' ')],
    ['application/vnd.docker.distribution.manifest.v1+prettyjws', '{}'],
  ];
  for (const [type, body] of answers) {
    fixture.intercept = (_request, response) => {
      response.setHeader('content-type', type);
      response.end(body);
      return true;
    };
    await assert.rejects(
      upstream.getManifest(repository, tag),
      { code: 'UPSTREAM_BAD_ANSWER' },
      `${type} ${body.toString().slice(0, 20)}`,
    );
  }
});

test('an error tells apart what is not there, what is refused and what may come back', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const codes: [number, string][] = [
    [404, 'UPSTREAM_NOT_FOUND'],
    [401, 'UPSTREAM_REFUSED'],
    [403, 'UPSTREAM_REFUSED'],
    [429, 'UPSTREAM_UNREACHABLE'],
    [503, 'UPSTREAM_UNREACHABLE'],
    [400, 'UPSTREAM_BAD_ANSWER'],
    [204, 'UPSTREAM_BAD_ANSWER'],
  ];
  for (const [status, code] of codes) {
    fixture.intercept = (_request, response) => {
      response.writeHead(status).end('why\nnot');
      return true;
    };
    await assert.rejects(upstream.getManifest(repository, tag), { code }, String(status));
  }
  await fixture.die();
  await assert.rejects(upstream.headManifest(repository, tag), { code: 'UPSTREAM_UNREACHABLE' });
});

test('a blob is given from an offset on', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const digest = fixture.addBlob(Buffer.from('0123456789'));
  assert.equal(await upstream.headBlob(repository, digest), 10);
  const body = await upstream.getBlob(repository, digest, 4);
  assert.equal(body.offset, 4);
  assert.equal(body.size, 10);
  assert.equal((await bytesOf(body.bytes)).toString(), '456789');
});

test('a registry without ranges gives a blob from its beginning, and says so', async (t) => {
  const { fixture, upstream } = await setUp(t);
  fixture.knowsRanges = false;
  const digest = fixture.addBlob(Buffer.from('0123456789'));
  const body = await upstream.getBlob(repository, digest, 4);
  assert.equal(body.offset, 0);
  assert.equal((await bytesOf(body.bytes)).toString(), '0123456789');
});

test('another range than was asked for is refused', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const digest = sha256Of(Buffer.from('x'));
  for (const range of ['bytes 0-9/10', 'bytes 4-8/10', 'nonsense']) {
    fixture.intercept = (_request, response) => {
      response.writeHead(206, { 'content-range': range, 'content-length': 6 }).end('456789');
      return true;
    };
    await assert.rejects(upstream.getBlob(repository, digest, 4), { code: 'UPSTREAM_BAD_ANSWER' });
  }
});

test('a body that breaks off is an error', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const digest = fixture.addBlob(Buffer.alloc(100_000));
  fixture.cut = { after: 1000, times: 1 };
  const body = await upstream.getBlob(repository, digest, 0);
  await assert.rejects(bytesOf(body.bytes), { code: 'UPSTREAM_UNREACHABLE' });
});

test('a redirect to the registry’s storage is followed, with its query and range, but not for ever', async (t) => {
  const { fixture, upstream } = await setUp(t);
  const seen: (string | undefined)[] = [];
  const storage = createServer((request, response) => {
    seen.push(request.url, request.headers.range);
    response.writeHead(206, { 'content-range': 'bytes 2-3/4', 'content-length': 2 }).end('23');
  });
  await new Promise<void>((resolve) => {
    storage.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => storage.close());
  const { port } = storage.address() as AddressInfo;
  const digest = sha256Of(Buffer.from('0123'));
  fixture.intercept = (_request, response) => {
    const location = `http://127.0.0.1:${port}/bucket/key?X-Amz-Signature=a%2Fb`;
    response.writeHead(307, { location }).end();
    return true;
  };
  const body = await upstream.getBlob(repository, digest, 2);
  assert.equal((await bytesOf(body.bytes)).toString(), '23');
  assert.deepEqual(seen, ['/bucket/key?X-Amz-Signature=a%2Fb', 'bytes=2-']);

  fixture.intercept = (request, response) => {
    response.writeHead(307, { location: request.url }).end();
    return true;
  };
  await assert.rejects(upstream.getBlob(repository, digest, 0), {
    code: 'UPSTREAM_BAD_ANSWER',
    message: /without end/,
  });
});

test('a page of tags comes with the query of the next one', async (t) => {
  const { fixture, upstream } = await setUp(t);
  fixture.addImage('team/app', 'v1', []);
  const page = await upstream.getTags(repository, 'n=1');
  assert.deepEqual(page, { tags: ['v1'], next: 'last=x&n=1' });
  assert.equal(fixture.requests.at(-1), 'GET /v2/team/app/tags/list?n=1');
});

test('a request ends when its signal aborts', async (t) => {
  const { fixture, upstream } = await setUp(t);
  fixture.intercept = () => true;
  const reason = new Error('enough');
  await assert.rejects(upstream.headManifest(repository, tag, AbortSignal.abort(reason)), reason);
  const later = new AbortController();
  const asking = upstream.headManifest(repository, tag, later.signal);
  setTimeout(() => later.abort(reason), 20);
  await assert.rejects(asking, reason);
});
