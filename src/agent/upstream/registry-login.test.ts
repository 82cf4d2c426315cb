import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { RegistryLogin, scopeFor } from './registry-login.ts';

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<URL> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const credentials = () => Promise.resolve({ username: 'ann', password: 'secret' });

test('a token is got once for a scope however many ask, and anew before it ends or when it is refused', async (t) => {
  const asked: string[] = [];
  const registry = await serve(t, (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    asked.push(searchParams.get('scope') ?? '');
    assert.equal(
      request.headers.authorization,
      `Basic ${Buffer.from('ann:secret').toString('base64')}`,
    );
    response.end(JSON.stringify({ token: `token${asked.length}`, expires_in: 300 }));
  });
  const clock = new ManualClock();
  const login = new RegistryLogin({ registry, credentials, clock });
  t.after(() => login.close());
  const url = new URL('/v2/a/b/manifests/x', registry);
  assert.deepEqual(await login.headers('GET', url), {});
  const challenge = `Bearer realm="${registry.href}token",service="s",scope="repository:a/b:pull"`;
  assert.equal(await login.mayRetry(url, challenge, {}), true);
  const many = await Promise.all([1, 2, 3].map(() => login.headers('GET', url)));
  assert.deepEqual(many[2], { authorization: 'Bearer token1' });
  assert.deepEqual(asked, ['repository:a/b:pull']);
  await login.headers('PUT', url);
  assert.equal(asked.at(-1), 'repository:a/b:pull,push');
  clock.advance(295_000);
  assert.deepEqual(await login.headers('GET', url), { authorization: 'Bearer token3' });
  assert.equal(await login.mayRetry(url, challenge, { authorization: 'Bearer token3' }), true);
  assert.deepEqual(await login.headers('GET', url), { authorization: 'Bearer token4' });
  assert.deepEqual(await login.headers('GET', new URL('http://127.0.0.2/v2/a/b/manifests/x')), {});
});

test("no credentials go to a token service that is not the registry's own", async (t) => {
  let asked = 0;
  const stranger = await serve(t, (_request, response) => {
    asked++;
    response.end('{"token":"x"}');
  });
  const realms = [
    stranger.href.replace('127.0.0.1', 'localhost'),
    'http://registry.example@127.0.0.2/token',
    'http://evil-example.test/token',
    'ftp://registry.example.test/token',
    'no url',
  ];
  for (const realm of realms) {
    const registry = new URL('http://registry.example.test');
    const login = new RegistryLogin({ registry, credentials, clock: new ManualClock() });
    t.after(() => login.close());
    const url = new URL('/v2/a/manifests/x', registry);
    await login.mayRetry(url, `Bearer realm="${realm}"`, {});
    await assert.rejects(login.headers('GET', url), { code: 'UPSTREAM_REFUSED' }, realm);
  }
  const secure = new URL('https://registry.example.test');
  const login = new RegistryLogin({ registry: secure, credentials, clock: new ManualClock() });
  t.after(() => login.close());
  const url = new URL('/v2/a/manifests/x', secure);
  await login.mayRetry(url, 'Bearer realm="http://registry.example.test/token"', {});
  await assert.rejects(login.headers('GET', url), { code: 'UPSTREAM_REFUSED' });
  assert.equal(asked, 0);
});

test('Basic is answered with the credentials, once, and to the registry alone', async (t) => {
  const registry = new URL('http://registry.example.test');
  const login = new RegistryLogin({ registry, credentials, clock: new ManualClock() });
  t.after(() => login.close());
  const url = new URL('/v2/', registry);
  assert.equal(await login.mayRetry(url, 'Basic realm="x"', {}), true);
  const own = await login.headers('GET', url);
  assert.match(own['authorization'] ?? '', /^Basic /);
  assert.equal(await login.mayRetry(url, 'Basic realm="x"', own), false);
  assert.deepEqual(await login.headers('GET', new URL('http://cdn.example.test/x')), {});
});

test('a request is for a scope by what it does', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['GET', '/v2/a/b/blobs/sha256:x', 'repository:a/b:pull'],
    ['POST', '/v2/a/b/blobs/uploads/', 'repository:a/b:pull,push'],
    ['PUT', '/v2/a/b/blobs/uploads/id', 'repository:a/b:pull,push'],
    ['DELETE', '/v2/a/b/manifests/x', 'repository:a/b:pull,delete'],
    ['GET', '/v2/a/_docket/torrents/sha256:x', 'repository:a:pull'],
    ['GET', '/v2/a/tags/list', 'repository:a:pull'],
    ['GET', '/v2/_catalog', 'registry:catalog:*'],
    ['GET', '/api/v1/images', 'registry:catalog:*'],
    ['POST', '/api/v1/gc', 'registry:admin:*'],
    ['POST', '/announce', 'registry:tracker:*'],
    ['GET', '/v2/', ''],
  ];
  for (const [method, path, scope] of cases) {
    assert.equal(scopeFor(method, new URL(path, 'http://x')), scope, path);
  }
});
