import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { exportJWK, SignJWT, type JWK } from 'jose';
import { basic, ClosedRegistry } from './access-fixture.ts';

/** A CI system's issuer of identity tokens, on this host. */
class Issuer implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    this.asked.push(request.url ?? '');
    const isKeys = request.url === '/keys';
    if (!isKeys && request.url !== '/.well-known/openid-configuration') {
      response.writeHead(404).end();
      return;
    }
    const document = isKeys
      ? { keys: this.keys }
      : { issuer: this.url, jwks_uri: `${this.url}/keys` };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(document));
  });
  readonly asked: string[] = [];
  keys: JWK[] = [];
  url = '';

  static async start(): Promise<Issuer> {
    const issuer = new Issuer();
    issuer.#server.listen(0, '127.0.0.1');
    await once(issuer.#server, 'listening');
    issuer.url = `http://127.0.0.1:${(issuer.#server.address() as AddressInfo).port}`;
    return issuer;
  }

  /** A key that it publishes from now on. */
  async newKey(kid: string): Promise<KeyObject> {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' });
    return privateKey;
  }

  async token(key: KeyObject, kid: string, claims: object, audience = 'docket'): Promise<string> {
    return await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setIssuer(this.url)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const rulesFor = (issuer: Issuer): string => `
htpasswd: users
policy:
  - { who: 'oidc:ci/org/**', may: [pull, push], repositories: 'org/**' }
  - { who: user:root, may: [admin] }
oidc:
  - issuer: ${issuer.url}
    audience: docket
    subjects:
      - claims: { repository: 'org/*', ref: 'refs/heads/main' }
        name: 'ci/{repository}'
`;

test('a CI job pushes by its identity token, as password, as bearer and by a token for it', async () => {
  await using issuer = await Issuer.start();
  await using registry = await ClosedRegistry.start(rulesFor(issuer));
  const key = await issuer.newKey('one');
  const job = await issuer.token(key, 'one', { repository: 'org/app', ref: 'refs/heads/main' });
  const path = '/v2/org/app/blobs/uploads/';
  for (const authorization of [basic('oidc', job), `Bearer ${job}`]) {
    assert.equal((await registry.ask('POST', path, { authorization })).status, 202);
    assert.equal(
      (await registry.ask('POST', '/v2/x/app/blobs/uploads/', { authorization })).status,
      403,
    );
  }
  const token = await registry.token(basic('oidc', job), 'repository:org/app:pull,push');
  assert.equal(
    (await registry.ask('POST', path, { authorization: `Bearer ${token}` })).status,
    202,
  );
  assert.equal(issuer.asked.filter((url) => url === '/keys').length, 1);
  const offline = await registry.json(200, 'GET', '/token?offline_token=true', {
    authorization: basic('', job),
  });
  assert.equal(Object.hasOwn(offline as object, 'refresh_token'), false);
});

test('an identity token of another audience, issuer, branch, key or time is of no use', async () => {
  await using issuer = await Issuer.start();
  await using registry = await ClosedRegistry.start(rulesFor(issuer));
  const key = await issuer.newKey('one');
  const { privateKey: foreign } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = { repository: 'org/app', ref: 'refs/heads/main' };
  const tokens: readonly (readonly [string, string])[] = [
    ['audience', await issuer.token(key, 'one', claims, 'somebody else')],
    ['branch', await issuer.token(key, 'one', { ...claims, ref: 'refs/heads/mine' })],
    ['repository', await issuer.token(key, 'one', { ...claims, repository: 'evil/app' })],
    ['no claims', await issuer.token(key, 'one', {})],
    ['key', await issuer.token(foreign, 'one', claims)],
    ['unknown key', await issuer.token(foreign, 'two', claims)],
    [
      'issuer',
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer('http://x')
        .setAudience('docket')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(key),
    ],
    [
      'time',
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer(issuer.url)
        .setAudience('docket')
        .setIssuedAt(1)
        .setExpirationTime(1000)
        .sign(key),
    ],
    [
      'no end',
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer(issuer.url)
        .setAudience('docket')
        .setIssuedAt()
        .sign(key),
    ],
    [
      'shared secret',
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .setIssuer(issuer.url)
        .setAudience('docket')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(Buffer.alloc(32)),
    ],
  ];
  for (const [what, token] of tokens) {
    const got = await registry.ask('GET', '/v2/', { authorization: `Bearer ${token}` });
    assert.equal(got.status, 401, what);
    const asPassword = await registry.ask('GET', '/v2/', { authorization: basic('oidc', token) });
    assert.equal(asPassword.status, 401, what);
  }
});

test('an issuer that cannot be asked lets nobody in, and does not hold others up', async () => {
  await using issuer = await Issuer.start();
  await using registry = await ClosedRegistry.start(rulesFor(issuer));
  const key = await issuer.newKey('one');
  const job = await issuer.token(key, 'one', { repository: 'org/app', ref: 'refs/heads/main' });
  await issuer[Symbol.asyncDispose]();
  assert.equal((await registry.ask('GET', '/v2/', { authorization: `Bearer ${job}` })).status, 401);
  assert.equal((await registry.ask('GET', '/v2/', { authorization: basic('root') })).status, 200);
});
