import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { digestHex, sha256Of } from '../../oci/digest.ts';
import { startRegistry, type RegistryRole } from '../../server/registry-role.ts';
import { runInProcess, startCli } from '../cli-fixture.ts';
import { testFolder } from '../image/image-fixtures.ts';

async function registryIn(t: TestContext, location: string): Promise<RegistryRole> {
  const role = await startRegistry({
    host: '127.0.0.1',
    port: 0,
    location,
    peerHost: '127.0.0.1',
    peerPort: 0,
    log: silentLog,
  });
  t.after(() => role.close());
  return role;
}

/** A registry with two blobs; gives the path of one of them. */
async function filledRegistry(t: TestContext) {
  const location = join(await testFolder(t), 'registry');
  const role = await registryIn(t, location);
  const [one, two] = [randomBytes(40_000), randomBytes(50_000)];
  for (const bytes of [one, two]) {
    const url = `${role.url}/v2/team/app/blobs/uploads/?digest=${sha256Of(bytes)}`;
    assert.equal((await fetch(url, { method: 'POST', body: bytes })).status, 201);
  }
  const digest = sha256Of(one);
  const hex = digestHex(digest);
  const path = join(location, 'blobs', 'sha256', hex.slice(0, 2), hex);
  return { location, role, bytes: one, digest, path };
}

const place = ({ port }: RegistryRole): string[] => ['-h', '127.0.0.1', '-p', String(port)];

test('a running registry in which all is well is told to be good', async (t) => {
  const { role } = await filledRegistry(t);
  const ended = await runInProcess(['verify', ...place(role)]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /^2 blobs \(90(\.0)? kB\) and 0 manifests: all good\.\n$/);
});

test('what is damaged is told, with an exit code of its own, until it is pushed again', async (t) => {
  const { role, bytes, digest, path } = await filledRegistry(t);
  await writeFile(path, randomBytes(40_000));
  const text = await runInProcess(['verify', ...place(role), '--rate', '100MB/s']);
  assert.equal(text.code, 5);
  assert.match(text.stdout, new RegExp(`DAMAGED +blob +${digest} +40(\\.0)? kB +team/app +no\n`));
  assert.match(text.stderr, /Error: 1 blob is damaged or missing \(of 2 blobs\)\n/);
  const json = await runInProcess(['verify', ...place(role), '--repair', '--json']);
  assert.equal(json.code, 5);
  const report = JSON.parse(json.stdout) as {
    readonly state: string;
    readonly bad: readonly { readonly digest: string; readonly problem: string }[];
  };
  assert.equal(report.state, 'done');
  assert.deepEqual(
    report.bad.map((bad) => [bad.digest, bad.problem]),
    [[digest, 'missing']],
  );
  const url = `${role.url}/v2/team/app/blobs/uploads/?digest=${digest}`;
  assert.equal((await fetch(url, { method: 'POST', body: bytes })).status, 201);
  assert.equal((await runInProcess(['verify', ...place(role)])).code, 0);
});

test('a folder is verified while no registry runs on it, and is refused while one does', async (t) => {
  const { role, location, path, digest } = await filledRegistry(t);
  const locked = await runInProcess(['verify', '-l', location]);
  assert.equal(locked.code, 1);
  assert.match(locked.stderr, /in use by another docket process/);
  await role.close();
  assert.equal((await runInProcess(['-l', location, 'verify'])).code, 0);
  await writeFile(path, randomBytes(10));
  const damaged = await runInProcess(['verify', '-l', location]);
  assert.equal(damaged.code, 5);
  assert.match(damaged.stdout, /DAMAGED/);
  assert.deepEqual(await readdir(join(location, 'quarantine')), [digest.replace(':', '-')]);
  const again = await registryIn(t, location);
  assert.equal((await fetch(`${again.url}/v2/team/app/blobs/${digest}`)).status, 404);
});

test('a folder without a registry is refused and left as it was', async (t) => {
  const folder = await testFolder(t);
  const ended = await runInProcess(['verify', '-l', folder]);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /holds no registry/);
  assert.deepEqual(await readdir(folder), []);
});

test('a folder and a registry cannot both be named, and a rate must be one', async (t) => {
  const folder = await testFolder(t);
  assert.equal((await runInProcess(['verify', '-l', folder, '-p', '8000'])).code, 2);
  assert.equal((await runInProcess(['verify', '-l', folder, '--rate', 'fast'])).code, 2);
  await rm(folder, { recursive: true, force: true });
});

test('who interrupts ends the verification that was begun', async (t) => {
  const { role } = await filledRegistry(t);
  const running = startCli(t, ['verify', ...place(role), '--rate', '10kB/s']);
  const state = async (): Promise<string> => {
    const status = (await (await fetch(`${role.url}/api/v1/verify`)).json()) as { state: string };
    return status.state;
  };
  while ((await state()) !== 'running');
  running.child.kill('SIGINT');
  assert.equal((await running.ended).code, 130);
  assert.equal(await state(), 'cancelled');
});
