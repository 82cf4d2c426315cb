import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../base/log.ts';
import { sha256Of } from '../oci/digest.ts';
import { startRegistry, type RegistryRole } from './registry-role.ts';

async function temporaryFolder() {
  const path = await mkdtemp(`${tmpdir()}/docket-durable-`);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function start(location: string): Promise<RegistryRole> {
  return startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location,
    log: silentLog,
  });
}

/** The status of an answer, and its body. */
async function ask(
  url: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly body: Buffer; readonly headers: Headers }> {
  const answer = await fetch(url, init);
  const body = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, body, headers: answer.headers };
}

function pushBlob(role: RegistryRole, bytes: Uint8Array<ArrayBuffer>) {
  const url = `${role.url}/v2/team/app/blobs/uploads/?digest=${sha256Of(bytes)}`;
  return ask(url, { method: 'POST', body: bytes });
}

test('a registry that closes keeps what an upload under way has sent, and the next process goes on from there', async () => {
  await using folder = await temporaryFolder();
  const bytes = randomBytes(900_000);
  let location = '';
  {
    await using role = await start(folder.path);
    const begun = await ask(`${role.url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
    location = begun.headers.get('location') ?? '';
    const sending = httpRequest(role.url + location, { method: 'PATCH' });
    sending.on('error', () => {});
    sending.write(bytes.subarray(0, 500_000));
    await delay(300);
    await role.close();
    sending.destroy();
  }
  await using role = await start(folder.path);
  const status = await ask(role.url + location);
  assert.equal(status.status, 204);
  const received = Number(status.headers.get('range')?.split('-')[1]) + 1;
  assert.ok(received > 1 && received <= 500_000, `${received} bytes were kept`);
  const rest = await ask(`${role.url}${location}?digest=${sha256Of(bytes)}`, {
    method: 'PUT',
    body: bytes.subarray(received),
  });
  assert.equal(rest.status, 201);
});

const isRoot = process.getuid?.() === 0;

/** A volume of a few megabytes; undefined where none may be mounted. */
async function smallVolume(megabytes: number) {
  const folder = await temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder.path], {
      stdio: 'ignore',
    });
  } catch {
    await folder[Symbol.asyncDispose]();
    return undefined;
  }
  return {
    path: folder.path,
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['-l', folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('a full volume refuses pushes, serves all it has, takes deletes, and takes pushes again', async (t) => {
  await using volume = isRoot ? await smallVolume(8) : undefined;
  if (volume === undefined) return t.skip('no volume may be mounted here');
  await using role = await start(volume.path);
  const kept: Buffer<ArrayBuffer>[] = [];
  for (const size of [1_500_000, 100_000]) {
    for (;;) {
      const bytes = randomBytes(size);
      const { status, body } = await pushBlob(role, bytes);
      if (status === 201) kept.push(bytes);
      if (status === 201) continue;
      assert.equal(status, 507);
      assert.match(body.toString(), /no room left/);
      break;
    }
  }
  assert.ok(kept.length >= 3, `${kept.length} blobs went in`);
  const blobUrl = (bytes: Uint8Array) => `${role.url}/v2/team/app/blobs/${sha256Of(bytes)}`;
  for (const bytes of kept) {
    const { status, body } = await ask(blobUrl(bytes));
    assert.equal(status, 200);
    assert.ok(body.equals(bytes));
  }
  const ready = await ask(`${role.url}/readyz`);
  assert.equal(ready.status, 200);
  assert.match(ready.body.toString(), /"ready".*STORAGE_FULL/);
  const first = kept.shift() ?? Buffer.alloc(0);
  assert.equal((await ask(blobUrl(first), { method: 'DELETE' })).status, 202);
  const again = await ask(`${role.url}/readyz`);
  assert.deepEqual(JSON.parse(again.body.toString()), { status: 'ready' });
  assert.equal((await pushBlob(role, first)).status, 201);
  for (const bytes of [...kept, first]) assert.ok((await ask(blobUrl(bytes))).body.equals(bytes));
});

test('a volume that is unmounted while the registry runs is no empty registry', async (t) => {
  const volume = isRoot ? await smallVolume(8) : undefined;
  if (volume === undefined) return t.skip('no volume may be mounted here');
  await using role = await start(volume.path);
  const bytes = randomBytes(1000);
  assert.equal((await pushBlob(role, bytes)).status, 201);
  await volume[Symbol.asyncDispose]();
  assert.equal((await ask(`${role.url}/readyz`)).status, 503);
  assert.equal((await ask(`${role.url}/v2/team/app/blobs/${sha256Of(bytes)}`)).status, 503);
  assert.equal((await pushBlob(role, randomBytes(10))).status, 503);
});
