import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { sha256Of } from '../oci/digest.ts';
import { parseMetainfo } from '../torrent/metainfo.ts';
import { startRegistry, type RegistryRole } from './registry-role.ts';
import { openTls } from './tls.ts';

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'not installed: openssl';

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A certificate of its own, `NAME.crt`, for loopback, and its key, `NAME.key`. */
function makeCertificate(folder: string, name: string): void {
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  execFileSync('openssl', [...request.split(' '), ...files, ...names], { stdio: 'ignore' });
}

async function start(t: TestContext, folder: string, clientCa?: string): Promise<RegistryRole> {
  const role = await startRegistry({
    host: '127.0.0.1',
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location: join(folder, 'registry'),
    tls: { cert: join(folder, 'used.crt'), key: join(folder, 'used.key'), clientCa },
    log: silentLog,
  });
  t.after(() => role.close());
  return role;
}

async function use(folder: string, name: string): Promise<void> {
  for (const end of ['crt', 'key']) {
    await copyFile(join(folder, `${name}.${end}`), join(folder, `used.${end}`));
  }
}

/** The name in the certificate that a new connection is shown. */
async function shownAt(port: number, options: ConnectionOptions = {}): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return typeof CN === 'string' ? CN : undefined;
}

async function ask(url: string, options: object): Promise<{ status: number; body: Buffer }> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, ...options }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end('body' in options ? options.body : undefined);
  });
}

test('requests come over TLS, and torrents lead back over it', { skip }, async (t) => {
  const folder = await folderFor(t);
  makeCertificate(folder, 'one');
  await use(folder, 'one');
  const role = await start(t, folder);
  assert.match(role.url, /^https:/);
  const ca = await readFile(join(folder, 'one.crt'));
  const body = Buffer.from('over TLS');
  const digest = sha256Of(body);
  const uploads = `${role.url}/v2/a/b/blobs/uploads/?digest=${digest}`;
  assert.equal((await ask(uploads, { ca, method: 'POST', body })).status, 201);
  const torrent = await ask(`${role.url}/v2/a/b/_docket/torrents/${digest}`, { ca });
  const { trackers, webSeeds } = parseMetainfo(torrent.body);
  assert.deepEqual(trackers, [[`${role.url}/announce`]]);
  assert.deepEqual(webSeeds, [`${role.url}/v2/a/b/blobs/${digest}`]);
});

test(
  'a new certificate is used without a restart, one that does not fit is not',
  { skip },
  async (t) => {
    const folder = await folderFor(t);
    for (const name of ['one', 'two']) makeCertificate(folder, name);
    await use(folder, 'one');
    const role = await start(t, folder);
    assert.equal(await shownAt(role.port), 'one');
    const old = connect({ port: role.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(old, 'secureConnect');
    await copyFile(join(folder, 'two.crt'), join(folder, 'used.crt'));
    await role.reload?.();
    assert.equal(await shownAt(role.port), 'one');
    await use(folder, 'two');
    await role.reload?.();
    assert.equal(await shownAt(role.port), 'two');
    // Connections that are open go on.
    old.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(old, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200/);
    old.destroy();
  },
);

test('a changed file is noticed by itself', { skip }, async (t) => {
  const folder = await folderFor(t);
  for (const name of ['one', 'two']) makeCertificate(folder, name);
  await use(folder, 'one');
  const files = { cert: join(folder, 'used.crt'), key: join(folder, 'used.key') };
  const tls = await openTls(files, systemClock, silentLog);
  t.after(() => tls.close());
  const changed = new Promise<Buffer>((resolve) => tls.onChange(({ key }) => resolve(key)));
  await use(folder, 'two');
  assert.deepEqual(await changed, await readFile(join(folder, 'two.key')));
});

test('nothing older than TLS 1.2 is spoken', { skip }, async (t) => {
  const folder = await folderFor(t);
  makeCertificate(folder, 'one');
  await use(folder, 'one');
  const role = await start(t, folder);
  await assert.rejects(shownAt(role.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }));
  assert.equal(await shownAt(role.port, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }), 'one');
});

test(
  'with an authority for clients, only those with its certificate are let in',
  { skip },
  async (t) => {
    const folder = await folderFor(t);
    for (const name of ['one', 'client', 'stranger']) makeCertificate(folder, name);
    await use(folder, 'one');
    const role = await start(t, folder, join(folder, 'client.crt'));
    const read = async (name: string) => ({
      cert: await readFile(join(folder, `${name}.crt`)),
      key: await readFile(join(folder, `${name}.key`)),
    });
    const options = { rejectUnauthorized: false };
    const url = `${role.url}/healthz`;
    assert.equal((await ask(url, { ...options, ...(await read('client')) })).status, 200);
    await assert.rejects(ask(url, { ...options, ...(await read('stranger')) }));
    await assert.rejects(ask(url, options));
  },
);

test('a certificate that cannot be used is refused at the start', { skip }, async (t) => {
  const folder = await folderFor(t);
  for (const name of ['one', 'two']) makeCertificate(folder, name);
  await copyFile(join(folder, 'one.crt'), join(folder, 'used.crt'));
  await copyFile(join(folder, 'two.key'), join(folder, 'used.key'));
  await assert.rejects(start(t, folder), { code: 'TLS_INVALID' });
});
