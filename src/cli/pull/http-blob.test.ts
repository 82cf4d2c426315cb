import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Agent } from 'undici';
import { sha256Of } from '../../oci/digest.ts';
import { testFolder } from '../image/image-fixtures.ts';
import { fetchHttpBlob } from './http-blob.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, from: number) => void;

const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
const blob = { mediaType: 'x', digest: sha256Of(content), size: content.length };

async function urlOf(t: TestContext, handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    handler(request, response, Number(from ?? 0));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`;
}

/** Answers as a good server would, with other bytes on demand, and breaks off after `most` bytes. */
function serve(response: ServerResponse, from: number, most = Infinity, bytes = content): void {
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(from === 0 ? 200 : 206, {
    'content-length': String(bytes.length - from),
    ...(from === 0 ? {} : { 'content-range': range }),
  });
  const part = bytes.subarray(from, Math.min(bytes.length, from + most));
  if (from + part.length === bytes.length) response.end(part);
  else response.write(part, () => setTimeout(() => response.destroy(), 20));
}

async function fetchFrom(
  t: TestContext,
  urls: readonly string[],
): Promise<{ file: Buffer; failed: string[] }> {
  const file = path.join(await testFolder(t), 'blob');
  const dispatcher = new Agent();
  t.after(() => dispatcher.destroy());
  const failed: string[] = [];
  await fetchHttpBlob(blob, {
    urls,
    dispatcher,
    path: file,
    onBytes: () => {},
    onFailure: (url) => failed.push(url),
    signal: new AbortController().signal,
  });
  return { file: await readFile(file), failed };
}

test('a connection that breaks again and again is gone on with where it left off', async (t) => {
  const offsets: number[] = [];
  const url = await urlOf(t, (_request, response, from) => {
    offsets.push(from);
    serve(response, from, 40_000);
  });
  const { file, failed } = await fetchFrom(t, [url]);
  assert.deepEqual(file, content);
  assert.deepEqual(offsets, [0, 40_000, 80_000]);
  assert.deepEqual(failed, []);
});

test('a server that knows no ranges is read from the beginning', async (t) => {
  let requests = 0;
  const url = await urlOf(t, (_request, response) => {
    serve(response, 0, ++requests === 1 ? 40_000 : Infinity);
  });
  assert.deepEqual((await fetchFrom(t, [url])).file, content);
});

test('what one address began, the next ends', async (t) => {
  let requests = 0;
  const first = await urlOf(t, (_request, response, from) => {
    if (++requests === 1) serve(response, from, 40_000);
    else response.writeHead(404).end();
  });
  const offsets: number[] = [];
  const second = await urlOf(t, (_request, response, from) => {
    offsets.push(from);
    serve(response, from);
  });
  const { file, failed } = await fetchFrom(t, [first, second]);
  assert.deepEqual(file, content);
  assert.deepEqual(failed, [first]);
  assert.deepEqual(offsets, [40_000]);
});

test('what one address began wrongly, the next gives from the beginning', async (t) => {
  let requests = 0;
  const liar = await urlOf(t, (_request, response) => {
    if (++requests === 1) serve(response, 0, 40_000, Buffer.alloc(content.length));
    else response.writeHead(404).end();
  });
  const honest = await urlOf(t, (_request, response, from) => serve(response, from));
  assert.deepEqual((await fetchFrom(t, [liar, honest])).file, content);
});

test('a disk that refuses is told of at once, and no address is blamed for it', async (t) => {
  let requests = 0;
  const url = await urlOf(t, (_request, response, from) => {
    requests++;
    serve(response, from);
  });
  const options = `{
    urls: ['${url}'], dispatcher: new Agent(), path: '${await testFolder(t)}/blob',
    onBytes() {}, onFailure() {}, signal: new AbortController().signal,
  }`;
  const program = `
    import { Agent } from 'undici';
    import { fetchHttpBlob } from '${new URL('http-blob.ts', import.meta.url).href}';
    const failed = await fetchHttpBlob(${JSON.stringify(blob)}, ${options}).catch((error) => error);
    console.log(failed.code);
    process.exit();
  `;
  // A limit on the size of files is the full disk that needs no rights.
  const limited = ['-c', 'ulimit -f 40 && exec "$@"', 'sh', process.execPath];
  const { stdout } = await promisify(execFile)('sh', [
    ...limited,
    '--input-type=module',
    '-e',
    program,
  ]);
  assert.equal(stdout, 'EFBIG\n');
  assert.equal(requests, 1);
});

test('wrong and too many bytes are thrown away, and the next address is asked', async (t) => {
  for (const bytes of [Buffer.alloc(content.length), Buffer.concat([content, content])]) {
    const liar = await urlOf(t, (_request, response) => serve(response, 0, Infinity, bytes));
    await assert.rejects(fetchFrom(t, [liar]), { code: 'WRONG_CONTENT' });
    const honest = await urlOf(t, (_request, response, from) => serve(response, from));
    assert.deepEqual((await fetchFrom(t, [liar, honest])).file, content);
  }
});

test('what nobody has is a failure that tells why', async (t) => {
  const url = await urlOf(t, (_request, response) => {
    response.writeHead(404).end('{"errors":[{"code":"BLOB_UNKNOWN","message":"never heard of"}]}');
  });
  await assert.rejects(fetchFrom(t, [url]), { code: 'REGISTRY_FAILED', message: /never heard of/ });
});
