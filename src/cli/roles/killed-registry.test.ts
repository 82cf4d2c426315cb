import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { sha256Of } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import { startCli, type Running } from '../cli-fixture.ts';
import { testFolder } from '../image/image-fixtures.ts';

const config = Buffer.from('{}');
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: mediaTypes.ociConfig, digest: sha256Of(config), size: config.length },
  layers: [],
});

/** The address in a role's ready line. */
async function urlOf(running: Running): Promise<string> {
  let url: string | undefined;
  running.child.stdout?.on('data', (chunk: Buffer) => {
    url ??= /http:\S+/.exec(chunk.toString())?.[0];
  });
  await running.line(/ready: http/);
  return url ?? assert.fail('no address');
}

async function put(url: string, tag: string): Promise<void> {
  const blob = `${url}/v2/team/app/blobs/uploads/?digest=${sha256Of(config)}`;
  assert.equal((await fetch(blob, { method: 'POST', body: config })).status, 201);
  const headers = { 'content-type': mediaTypes.ociManifest };
  const pushed = await fetch(`${url}/v2/team/app/manifests/${tag}`, {
    method: 'PUT',
    headers,
    body: manifest,
  });
  assert.equal(pushed.status, 201);
}

/** Takes messages from now on; resolves with their subjects once there are `count`. */
function receive(t: TestContext, port: number, count: number): Promise<ReadonlySet<string>> {
  const subjects = new Set<string>();
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        subjects.add((JSON.parse(body) as { readonly subject: string }).subject);
        response.end();
        if (subjects.size === count) resolve(subjects);
      });
    });
    server.listen(port, '127.0.0.1');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
  });
}

test('what was pushed before a registry was killed is told to its webhooks afterwards', async (t) => {
  const folder = await testFolder(t);
  const probe = createServer();
  await new Promise<void>((resolve) => void probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => void probe.close(resolve));

  const file = path.join(folder, 'docket.yaml');
  await writeFile(
    file,
    `registry:
  bind: 127.0.0.1
  port: 0
  peerPort: 0
  peerBind: 127.0.0.1
  location: ${folder}/registry
  logLevel: silent
  webhooks: [{name: ci, url: "http://127.0.0.1:${port}/", retryDelay: 50ms}]
`,
  );
  const first = startCli(t, ['registry', '--config', file]);
  const url = await urlOf(first);
  for (const tag of ['1', '2', '3']) await put(url, tag);
  first.child.kill('SIGKILL');
  await first.ended;

  const received = receive(t, port, 3);
  const second = startCli(t, ['registry'], { DOCKET_CONFIG: file });
  await second.line(/ready: http/);
  assert.deepEqual([...(await received)], ['team/app:1', 'team/app:2', 'team/app:3']);
  second.child.kill('SIGTERM');
  assert.equal((await second.ended).code, 0);
});
