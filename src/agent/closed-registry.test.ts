import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../base/log.ts';
import { basic, ClosedRegistry, passwordOf } from '../server/access/access-fixture.ts';
import { parseMetainfo } from '../torrent/metainfo.ts';
import { percentEncodeHex } from '../torrent/tracker-query.ts';
import { startAgent, type AgentRole } from './agent-role.ts';

async function agentFor(
  t: TestContext,
  registry: ClosedRegistry,
  credentials: object | undefined,
): Promise<AgentRole> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-closed-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'credentials.json');
  if (credentials !== undefined) await writeFile(file, JSON.stringify(credentials));
  const agent = await startAgent({
    registry: registry.role.url,
    port: 0,
    peerHost: '127.0.0.1',
    peerPort: 0,
    location: join(folder, 'agent'),
    credentials: credentials === undefined ? undefined : file,
    log: silentLog,
  });
  t.after(() => agent.close());
  return agent;
}

const auths = (registry: ClosedRegistry, name: string): object => ({
  auths: {
    [new URL(registry.role.url).host]: {
      auth: Buffer.from(`${name}:${passwordOf(name)}`).toString('base64'),
    },
    'other.example': { auth: Buffer.from('root:x').toString('base64') },
  },
});

test('an agent gives its host what it may pull itself, and passes on all else', async (t) => {
  await using registry = await ClosedRegistry.start();
  const content = 'of the team '.repeat(10_000);
  const image = await registry.pushImage('team/app', content);
  const open = await registry.pushImage('public/app', 'for anyone');
  const grants = [{ rights: ['pull'], repositories: ['team/**'] }];
  const robot = { username: 'x', password: await registry.robot('host', grants) };
  const expired = { username: 'x', password: await registry.robot('short', grants) };
  await registry.ask('DELETE', '/api/v1/tokens/short', { authorization: basic('root') });
  const cases: readonly (readonly [string, object | undefined, boolean])[] = [
    ['anonymous', undefined, false],
    ['puller', { username: 'pat', password: passwordOf('pat') }, true],
    ['pusher', auths(registry, 'pam'), true],
    ['admin', auths(registry, 'root'), true],
    ['robot', robot, true],
    ['revoked', expired, false],
    ['stranger', auths(registry, 'otto'), false],
    ['of another registry', { auths: { 'other.example': { auth: 'eDp5' } } }, false],
  ];
  for (const [who, credentials, isGiven] of cases) {
    const agent = await agentFor(t, registry, credentials);
    const ask = (path: string) => registry.ask('GET', agent.url + path);
    assert.equal((await ask('/v2/')).status, 200, who);
    const manifest = await ask('/v2/team/app/manifests/v1');
    const layer = await ask(`/v2/team/app/blobs/${image.layer}`);
    assert.equal(manifest.status, isGiven ? 200 : 404, who);
    assert.equal(layer.status, isGiven ? 200 : 404, who);
    assert.equal(layer.headers['www-authenticate'], undefined);
    if (isGiven) assert.equal(layer.body.toString(), content);
    // Who is refused everywhere gets nothing, not even what nobody needs a login for.
    const isIn = who !== 'revoked';
    assert.equal((await ask('/v2/public/app/manifests/v1')).status, isIn ? 200 : 404, who);
    assert.equal((await ask(`/v2/public/app/blobs/${open.layer}`)).status, isIn ? 200 : 404, who);
    await agent.close();
  }
});

test('agents announce with their login, and give each other what they may pull', async (t) => {
  await using registry = await ClosedRegistry.start();
  const image = await registry.pushImage('team/app', 'of the team '.repeat(10_000));
  const torrent = await registry.ask('GET', `/v2/team/app/_docket/torrents/${image.layer}`, {
    authorization: basic('root'),
  });
  const { infoHash } = parseMetainfo(torrent.body);
  const agent = await agentFor(t, registry, { username: 'pat', password: passwordOf('pat') });
  const layer = await registry.ask('GET', `${agent.url}/v2/team/app/blobs/${image.layer}`);
  assert.equal(layer.status, 200);
  const completeCount = async (): Promise<number> => {
    const path = `/scrape?info_hash=${percentEncodeHex(infoHash)}`;
    const { body } = await registry.ask('GET', path, { authorization: basic('root') });
    return Number(/8:completei(\d+)e/.exec(body.toString('latin1'))?.[1]);
  };
  // The registry's own seeder is the first.
  for (let tries = 0; tries < 200 && (await completeCount()) < 2; tries++) await delay(50);
  assert.equal(await completeCount(), 2);
});

test('a new password in the file of credentials is used without a restart', async (t) => {
  await using registry = await ClosedRegistry.start();
  await registry.pushImage('team/app', 'bytes');
  const folder = await mkdtemp(join(tmpdir(), 'docket-closed-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'credentials.json');
  const write = (password: string) =>
    writeFile(file, JSON.stringify({ username: 'pat', password }));
  await write('an old one');
  const location = join(folder, 'agent');
  const common = { port: 0, peerHost: '127.0.0.1', peerPort: 0, location, log: silentLog };
  const agent = await startAgent({ ...common, registry: registry.role.url, credentials: file });
  t.after(() => agent.close());
  const path = `${agent.url}/v2/team/app/manifests/v1`;
  assert.equal((await registry.ask('GET', path)).status, 404);
  await write(passwordOf('pat'));
  assert.equal((await registry.ask('GET', path)).status, 200);
});

test('credentials of a helper are asked for the registry alone', async (t) => {
  await using registry = await ClosedRegistry.start();
  await registry.pushImage('team/app', 'bytes');
  const folder = await mkdtemp(join(tmpdir(), 'docket-helper-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const host = new URL(registry.role.url).host;
  const helper = join(folder, 'docker-credential-test');
  const answer = JSON.stringify({ Username: 'pat', Secret: passwordOf('pat') });
  await writeFile(
    helper,
    `#!/bin/sh\nread -r host\n[ "$host" = "${host}" ] || exit 1\ncat <<'END'\n${answer}\nEND\n`,
  );
  await chmod(helper, 0o755);
  const { PATH: before } = process.env;
  process.env['PATH'] = `${folder}:${before}`;
  t.after(() => {
    process.env['PATH'] = before;
  });
  const agent = await agentFor(t, registry, { credsStore: 'test' });
  assert.equal((await registry.ask('GET', `${agent.url}/v2/team/app/manifests/v1`)).status, 200);
});

test('a file of credentials that cannot be read is told at the start, without what it holds', async (t) => {
  await using registry = await ClosedRegistry.start();
  const folder = await mkdtemp(join(tmpdir(), 'docket-closed-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'credentials.json');
  await writeFile(file, 'hunter2');
  const location = join(folder, 'agent');
  const common = { port: 0, peerHost: '127.0.0.1', peerPort: 0, location, log: silentLog };
  await assert.rejects(
    startAgent({ ...common, registry: registry.role.url, credentials: file }),
    (error: Error & { code?: string }) =>
      error.code === 'CREDENTIALS_FILE_INVALID' && !error.message.includes('hunter2'),
  );
});
