import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { Unlimited } from '../base/rate-limiter.ts';
import { digestHex, sha256Of, type Digest } from '../oci/digest.ts';
import { startSwarm } from '../swarm/swarm.ts';
import { createTrackerClient } from '../swarm/create-tracker-client.ts';
import type { Swarm } from '../swarm/swarm-types.ts';
import { parseMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import { startRegistry, type RegistryRole } from './registry-role.ts';

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'docket-verify-'));
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

async function push(role: RegistryRole, bytes: Uint8Array<ArrayBuffer>): Promise<Digest> {
  const digest = sha256Of(bytes);
  const url = `${role.url}/v2/team/app/blobs/uploads/?digest=${digest}`;
  assert.equal((await fetch(url, { method: 'POST', body: bytes })).status, 201);
  return digest;
}

async function torrentOf(role: RegistryRole, digest: Digest): Promise<Metainfo> {
  const answer = await fetch(`${role.url}/v2/team/app/_docket/torrents/${digest}`);
  return parseMetainfo(new Uint8Array(await answer.arrayBuffer()));
}

interface Status {
  readonly state: string;
  readonly badCount: number;
  readonly healedCount: number;
  readonly bad: readonly { digest: string; problem: string; healedFrom: string | null }[];
}

function startVerifying(role: RegistryRole, options: unknown): Promise<Response> {
  return fetch(`${role.url}/api/v1/verify`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(options),
  });
}

async function verify(role: RegistryRole, options: object = {}): Promise<Status> {
  const url = `${role.url}/api/v1/verify`;
  assert.equal((await startVerifying(role, options)).status, 202);
  for (;;) {
    const status = (await (await fetch(url)).json()) as Status;
    if (status.state !== 'running') return status;
    await delay(20);
  }
}

/** A host that pulled a blob, and seeds it. */
async function startHost(folder: string, metainfo: Metainfo) {
  const trackerClient = createTrackerClient();
  const path = join(folder, metainfo.infoHash);
  const swarm: Swarm = await startSwarm({
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    upload: new Unlimited(),
    download: new Unlimited(),
    trackerClient,
    seed: async () => ({ metainfo, path }),
  });
  await swarm.download(metainfo, { path, webSeeds: [] }).done;
  return {
    swarm,
    [Symbol.asyncDispose]: async () => {
      await swarm.close();
      await trackerClient.close();
    },
  };
}

test('a damaged blob is healed from a host that pulled it, and served and seeded again', async () => {
  await using folder = await temporaryFolder();
  await using hostFolder = await temporaryFolder();
  await using role = await start(folder.path);
  const bytes = randomBytes(3_000_000);
  const digest = await push(role, bytes);
  const metainfo = await torrentOf(role, digest);
  await using host = await startHost(hostFolder.path, metainfo);
  assert.ok(host);
  const hex = digestHex(digest);
  const path = join(folder.path, 'blobs', 'sha256', hex.slice(0, 2), hex);
  await writeFile(path, randomBytes(3_000_000));

  const found = await verify(role);
  assert.deepEqual([found.state, found.badCount, found.healedCount], ['done', 1, 0]);
  assert.equal((await fetch(`${role.url}/v2/team/app/blobs/${digest}`)).status, 404);
  const healed = await verify(role, { repair: true, rate: 100_000_000 });
  assert.deepEqual(healed.bad, [
    {
      kind: 'blob',
      digest,
      size: 3_000_000,
      problem: 'missing',
      repositories: ['team/app'],
      healedFrom: 'the swarm',
    },
  ]);
  const answer = await fetch(`${role.url}/v2/team/app/blobs/${digest}`);
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes));
  assert.equal((await verify(role)).badCount, 0);
  assert.deepEqual(await readdir(join(folder.path, 'healing')), []);
  await using nextFolder = await temporaryFolder();
  await using next = await startHost(nextFolder.path, metainfo);
  assert.ok(next);
});

test('a blob that nobody else has stays missing', async () => {
  await using folder = await temporaryFolder();
  await using role = await start(folder.path);
  const digest = await push(role, randomBytes(1000));
  await torrentOf(role, digest);
  await rm(join(folder.path, 'blobs'), { recursive: true });
  const { badCount, healedCount, bad } = await verify(role, { repair: true });
  assert.deepEqual([badCount, healedCount, bad[0]?.healedFrom], [1, 0, null]);
});

test('what cannot be asked for is refused, and a verification can be cancelled', async () => {
  await using folder = await temporaryFolder();
  await using role = await start(folder.path);
  await push(role, randomBytes(900_000));
  const url = `${role.url}/api/v1/verify`;
  const stateOf = async (answer: Promise<Response>): Promise<unknown> => {
    const { state } = (await (await answer).json()) as { readonly state?: string };
    return [(await answer).status, state];
  };
  assert.deepEqual(await stateOf(fetch(url)), [200, 'none']);
  for (const wrong of [
    { rate: 0 },
    { rate: 'fast' },
    { rate: -1 },
    { repair: 'maybe' },
    { x: 1 },
    7,
  ]) {
    assert.equal((await startVerifying(role, wrong)).status, 400, JSON.stringify(wrong));
  }
  // What any web page may send.
  assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 400);
  assert.deepEqual(await stateOf(startVerifying(role, { rate: 1000 })), [202, 'running']);
  assert.deepEqual(await stateOf(startVerifying(role, { repair: true })), [409, 'running']);
  assert.deepEqual(await stateOf(fetch(url, { method: 'DELETE' })), [200, 'cancelled']);
  assert.equal((await verify(role)).state, 'done');
});
