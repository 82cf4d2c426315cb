import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { parseRepository } from '../../oci/reference.ts';
import type { SourceBlob } from '../image/image-source.ts';
import { RegistryClient } from './registry-client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const neverAborted = new AbortController().signal;
const repository = parseRepository('team/app');

async function clientOf(t: TestContext, handler: Handler): Promise<RegistryClient> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = new RegistryClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  return client;
}

function blobOf(bytes: Buffer, opened: { count: number } = { count: 0 }): SourceBlob {
  return {
    digest: sha256Of(bytes),
    size: bytes.length,
    open() {
      opened.count++;
      return Readable.from([bytes]);
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray());
}

for (const size of [0, 1, 300_000]) {
  test(`a blob of ${size} bytes is put with its length to where the registry says`, async (t) => {
    const bytes = Buffer.alloc(size, 'x');
    const put = Promise.withResolvers<{ url: string; length: string | undefined; body: Buffer }>();
    const client = await clientOf(t, (request, response) => {
      if (request.method === 'POST') {
        response.writeHead(202, { location: `${request.url}some-id?_state=a%2Fb` }).end();
        return;
      }
      const { url = '', headers } = request;
      void bodyOf(request).then((body) => {
        put.resolve({ url, length: headers['content-length'], body });
        response.writeHead(201).end();
      });
    });
    const sent: number[] = [];
    await client.pushBlob(repository, blobOf(bytes), neverAborted, (count) => sent.push(count));
    const { url, length, body } = await put.promise;
    const target = new URL(url, client.url);
    assert.equal(target.pathname, '/v2/team/app/blobs/uploads/some-id');
    assert.equal(target.searchParams.get('_state'), 'a/b');
    assert.equal(target.searchParams.get('digest'), sha256Of(bytes));
    assert.equal(length, String(size));
    assert.deepEqual(body, bytes);
    assert.equal(sent.at(-1), size);
  });
}

test('a broken connection and a registry out of order are tried again with fresh bytes', async (t) => {
  const bytes = Buffer.alloc(300_000, 'x');
  const opened = { count: 0 };
  let puts = 0;
  const client = await clientOf(t, (request, response) => {
    if (request.method === 'POST') {
      response.writeHead(202, { location: '/upload' }).end();
    } else if (++puts === 1) {
      request.once('data', () => request.destroy());
    } else if (puts === 2) {
      void bodyOf(request).then(() => response.writeHead(503).end());
    } else {
      void bodyOf(request).then((body) => {
        assert.deepEqual(body, bytes);
        response.writeHead(201).end();
      });
    }
  });
  await client.pushBlob(repository, blobOf(bytes, opened), neverAborted, () => {});
  assert.equal(puts, 3);
  assert.equal(opened.count, 3);
});

test('a refusal is told in the words of the registry, and not tried again', async (t) => {
  let requests = 0;
  const client = await clientOf(t, (_request, response) => {
    requests++;
    response
      .writeHead(400, { 'content-type': 'application/json' })
      .end('{"errors":[{"code":"DIGEST_INVALID","message":"that is another digest"}]}');
  });
  await assert.rejects(
    client.pushBlob(repository, blobOf(Buffer.from('x')), neverAborted, () => {}),
    {
      code: 'REGISTRY_FAILED',
      message: 'Error response from registry: that is another digest',
    },
  );
  assert.equal(requests, 1);
});

test('a file that changed never arrives whole', async (t) => {
  let whole = false;
  const client = await clientOf(t, (request, response) => {
    if (request.method === 'POST') response.writeHead(202, { location: '/upload' }).end();
    else {
      request.on('error', () => {});
      void bodyOf(request).then(
        () => {
          whole = true;
          response.writeHead(201).end();
        },
        () => {},
      );
    }
  });
  const other = Buffer.alloc(300_000, 'y');
  for (const size of [299_999, 300_000, 300_001]) {
    const blob = { ...blobOf(other), digest: sha256Of(Buffer.from('x')), size };
    await assert.rejects(
      client.pushBlob(repository, blob, neverAborted, () => {}),
      {
        code: 'ARCHIVE_DIGEST_MISMATCH',
      },
    );
  }
  assert.equal(whole, false);
});

const statuses: readonly (readonly [status: number, body: string, code: string])[] = [
  [401, '', 'UNAUTHORIZED'],
  [403, '', 'DENIED'],
  [404, '{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}', 'NAME_UNKNOWN'],
  [404, '', 'MANIFEST_UNKNOWN'],
  [418, '<html>', 'REGISTRY_FAILED'],
];
for (const [status, body, code] of statuses) {
  test(`status ${status} ${body.slice(0, 30)} for a manifest means ${code}`, async (t) => {
    const client = await clientOf(t, (_request, response) => {
      response.writeHead(status).end(body);
    });
    await assert.rejects(client.manifest(repository, 'latest', neverAborted), { code });
  });
}

test('a manifest is compared with the digest that was asked for, or that came with it', async (t) => {
  const bytes = Buffer.from('{"manifest":1}');
  const other = sha256Of(Buffer.from('other'));
  let promised = sha256Of(bytes);
  const client = await clientOf(t, (_request, response) => {
    response
      .writeHead(200, {
        'content-type': `${mediaTypes.ociManifest}; charset=utf-8`,
        'docker-content-digest': promised,
      })
      .end(bytes);
  });
  const found = await client.manifest(repository, '1', neverAborted);
  assert.equal(found.digest, sha256Of(bytes));
  assert.equal(found.mediaType, mediaTypes.ociManifest);
  await assert.rejects(client.manifest(repository, other, neverAborted), { code: 'WRONG_CONTENT' });
  promised = other;
  await assert.rejects(client.manifest(repository, '1', neverAborted), { code: 'WRONG_CONTENT' });
});

test('a registry that stores another manifest than was sent is a failure', async (t) => {
  const client = await clientOf(t, (request, response) => {
    request.resume();
    response.writeHead(201, { 'docker-content-digest': sha256Of(Buffer.from('other')) }).end();
  });
  const bytes = Buffer.from('{}');
  const manifest = { digest: sha256Of(bytes), mediaType: mediaTypes.ociManifest, bytes };
  await assert.rejects(client.pushManifest(repository, '1', manifest, neverAborted), {
    code: 'WRONG_CONTENT',
  });
});

test('what is no list of images is a failure', async (t) => {
  let answer = '';
  const client = await clientOf(t, (_request, response) => void response.end(answer));
  for (answer of ['', '<html>', '{}', '{"images":[{}]}', '{"images":null}']) {
    await assert.rejects(client.images(neverAborted), { code: 'REGISTRY_FAILED' });
  }
  answer = '{"images":[]}';
  assert.deepEqual(await client.images(neverAborted), []);
});

test('a registry that is not there is told at once', async () => {
  await using client = new RegistryClient('http://127.0.0.1:1');
  await assert.rejects(client.ping(neverAborted), {
    code: 'REGISTRY_UNREACHABLE',
    message: /http:\/\/127\.0\.0\.1:1 cannot be reached/,
  });
});
