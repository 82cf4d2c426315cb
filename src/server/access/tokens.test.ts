import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, SignJWT, exportJWK } from 'jose';
import { KeyRing } from '../../auth/key-ring.ts';
import { basic, ClosedRegistry, passwordOf, userLine, usualRules } from './access-fixture.ts';

interface Answer {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
  readonly refresh_token?: string;
  readonly scope?: string;
}

test('whoever brings nothing is asked for a token, with what it is for', async () => {
  await using registry = await ClosedRegistry.start();
  const { url } = registry.role;
  const challengeOf = async (method: string, path: string): Promise<string> => {
    const got = await registry.ask(method, path);
    assert.equal(got.status, 401);
    assert.equal(got.headers['content-type'], 'application/json');
    return String(got.headers['www-authenticate']);
  };
  const own = `Bearer realm="${url}/token",service="docket"`;
  assert.equal(await challengeOf('GET', '/v2/'), own);
  assert.equal(
    await challengeOf('GET', '/v2/team/app/manifests/v1'),
    `${own},scope="repository:team/app:pull"`,
  );
  assert.equal(
    await challengeOf('POST', '/v2/team/app/blobs/uploads/'),
    `${own},scope="repository:team/app:pull,push"`,
  );
  const named = await registry.ask('GET', '/v2/', { headers: { host: 'registry.example:5000' } });
  assert.match(
    String(named.headers['www-authenticate']),
    /realm="http:\/\/registry\.example:5000\/token"/,
  );
  const odd = await registry.ask('GET', '/v2/', { headers: { host: 'a"b' } });
  assert.doesNotMatch(String(odd.headers['www-authenticate']), /a"b/);
});

test('a token is for what of the scopes its owner may, however they are written, and one for nobody is given', async () => {
  await using registry = await ClosedRegistry.start();
  const accessOf = async (authorization: string | undefined, query: string): Promise<unknown> => {
    const answer = (await registry.json(200, 'GET', `/token?service=docket&${query}`, {
      authorization,
    })) as Answer;
    assert.equal(answer.token, answer.access_token);
    assert.ok(answer.expires_in >= 60);
    assert.ok(Date.parse(answer.issued_at) > 0);
    return decodeJwt(answer.token)['access'];
  };
  const repository = 'repository';
  assert.deepEqual(await accessOf(basic('pat'), 'scope=repository:team/app:pull,push'), [
    { type: repository, name: 'team/app', actions: ['pull'] },
  ]);
  const both = [
    { type: repository, name: 'team/app', actions: ['pull', 'push'] },
    { type: repository, name: 'team/b', actions: ['pull'] },
  ];
  const apart = 'scope=repository:team/app:pull,push&scope=repository:team/b:pull';
  assert.deepEqual(await accessOf(basic('pam'), apart), both);
  const joined =
    'scope=repository:team/app:push%20repository:team/b:pull&scope=repository:team/app:pull';
  assert.deepEqual(await accessOf(basic('pam'), joined), both);
  assert.deepEqual(await accessOf(undefined, 'scope=repository:team/app:pull'), []);
  assert.deepEqual(await accessOf(undefined, 'scope=repository:public/app:pull,push'), [
    { type: repository, name: 'public/app', actions: ['pull'] },
  ]);
  assert.deepEqual(
    await accessOf(basic('pat'), 'scope=repository:Bad:pull&scope=x&scope=registry:admin:*'),
    [],
  );
  assert.deepEqual(await accessOf(basic('root'), 'scope=registry:admin:*'), [
    { type: 'registry', name: 'admin', actions: ['*'] },
  ]);
  const wrong = await registry.ask('GET', '/token?service=docket', {
    authorization: basic('pat', 'no'),
  });
  assert.equal(wrong.status, 401);
});

test('a token opens what it is for, says so where it does not, and a token for nobody opens the ping alone', async () => {
  await using registry = await ClosedRegistry.start();
  const image = await registry.pushImage('team/app', 'bytes');
  const path = `/v2/team/app/manifests/${image.manifest}`;
  const as = async (token: string, method: string, target: string) =>
    await registry.ask(method, target, { authorization: `Bearer ${token}` });
  const token = await registry.token(basic('pam'), 'repository:team/app:pull');
  assert.equal((await as(token, 'GET', '/v2/')).status, 200);
  assert.equal((await as(token, 'GET', path)).status, 200);
  const narrow = await as(token, 'POST', '/v2/team/app/blobs/uploads/');
  assert.equal(narrow.status, 401);
  assert.match(
    String(narrow.headers['www-authenticate']),
    /scope="repository:team\/app:pull,push",error="insufficient_scope"$/,
  );
  // Another token would not help: that is told, too.
  assert.equal((await as(token, 'GET', '/v2/other/app/tags/list')).status, 403);
  const nobodys = await registry.token(undefined, 'repository:team/app:pull');
  assert.equal((await as(nobodys, 'GET', '/v2/')).status, 200);
  assert.equal((await as(nobodys, 'GET', path)).status, 401);
});

test('OAuth 2 forms get tokens by a password and by a refresh token, which ends with the password', async () => {
  await using registry = await ClosedRegistry.start();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = async (status: number, form: Readonly<Record<string, string>>): Promise<Answer> => {
    const body = new URLSearchParams({ service: 'docket', client_id: 'test', ...form }).toString();
    return (await registry.json(status, 'POST', '/token', { headers, body })) as Answer;
  };
  const login = { grant_type: 'password', username: 'pam', password: passwordOf('pam') };
  const scope = 'repository:team/app:pull,push repository:other/app:pull';
  const plain = await post(200, { ...login, scope });
  assert.equal(plain.refresh_token, undefined);
  assert.equal(plain.scope, 'repository:team/app:pull,push');
  const { refresh_token = '' } = await post(200, { ...login, scope, access_type: 'offline' });
  const again = { grant_type: 'refresh_token', refresh_token };
  const fresh = await post(200, { ...again, scope });
  assert.equal(fresh.refresh_token, refresh_token);
  const use = { authorization: `Bearer ${fresh.access_token}` };
  assert.equal((await registry.ask('POST', '/v2/team/app/blobs/uploads/', use)).status, 202);
  // One kind is of no use as the other.
  await post(401, { grant_type: 'refresh_token', refresh_token: fresh.access_token });
  const misused = await registry.ask('GET', '/v2/', { authorization: `Bearer ${refresh_token}` });
  assert.equal(misused.status, 401);
  await post(401, { ...login, password: 'no' });
  await post(400, { grant_type: 'authorization_code' });
  const offline = (await registry.json(200, 'GET', '/token?offline_token=true', {
    authorization: basic('pam'),
  })) as Answer;
  assert.ok(offline.refresh_token);

  await registry.writeUsers(userLine('pam', 'a new one') + userLine('root'));
  await post(401, again);
  assert.equal((await registry.ask('POST', '/v2/team/app/blobs/uploads/', use)).status, 401);
  assert.equal((await registry.ask('GET', '/v2/', { authorization: basic('pam') })).status, 401);
  const renewed = { authorization: basic('pam', 'a new one') };
  assert.equal((await registry.ask('GET', '/v2/', renewed)).status, 200);
});

test('what a token opened is closed at once when the rules or the users change, and wrong rules change nothing', async () => {
  await using registry = await ClosedRegistry.start();
  await registry.pushImage('team/app', 'bytes');
  const token = await registry.token(basic('pat'), 'repository:team/app:pull');
  const status = async (): Promise<number> =>
    (await registry.ask('GET', '/v2/team/app/tags/list', { authorization: `Bearer ${token}` }))
      .status;
  assert.equal(await status(), 200);
  await registry.writeRules('policy: [{ who: nonsense, may: [pull] }]');
  assert.equal(await status(), 200);
  await registry.writeRules(usualRules.replace('user:pat, ', ''));
  assert.equal(await status(), 403);
  await registry.writeRules(usualRules);
  assert.equal(await status(), 200);
  await registry.writeUsers(userLine('root'));
  assert.equal(await status(), 401);
});

test('no token is believed that the registry did not make for this, whatever key it brings along', async () => {
  await using registry = await ClosedRegistry.start();
  const good = await registry.token(basic('root'), 'repository:team/app:pull');
  const { kid = '' } = decodeProtectedHeader(good);
  const { exp = 0, ...claims } = decodeJwt(good);
  const text = await readFile(join(registry.folder, 'registry', 'keys.json'), 'utf8');
  const own = KeyRing.fromJson(JSON.parse(text)).current;
  assert.equal(own.id, kid);
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = await exportJWK(foreign.publicKey);
  const typ = 'at+jwt';
  const past = Math.floor(Date.now() / 1000) - 3600;
  const tokens: readonly (readonly [string, string])[] = [
    [
      'another key',
      await new SignJWT({ ...claims, exp })
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(foreign.privateKey),
    ],
    [
      'a key of its own',
      await new SignJWT({ ...claims, exp })
        .setProtectedHeader({ alg: 'ES256', kid, typ, jwk })
        .sign(foreign.privateKey),
    ],
    [
      'a path for an id',
      await new SignJWT({ ...claims, exp })
        .setProtectedHeader({ alg: 'ES256', kid: '../../x', typ })
        .sign(foreign.privateKey),
    ],
    [
      'a shared secret',
      await new SignJWT({ ...claims, exp })
        .setProtectedHeader({ alg: 'HS256', kid, typ })
        .sign(Buffer.from(text)),
    ],
    [
      'no signature',
      `${Buffer.from(JSON.stringify({ alg: 'none', kid, typ })).toString('base64url')}.${good.split('.')[1]}.`,
    ],
    [
      'another service',
      await new SignJWT({ ...claims, exp, aud: 'x' })
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(own.privateKey),
    ],
    [
      'another issuer',
      await new SignJWT({ ...claims, exp, iss: 'x' })
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(own.privateKey),
    ],
    [
      'past',
      await new SignJWT({ ...claims, exp: past })
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(own.privateKey),
    ],
    [
      'not yet',
      await new SignJWT({ ...claims, exp, nbf: exp + 3600 })
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(own.privateKey),
    ],
    [
      'no end',
      await new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid, typ })
        .sign(own.privateKey),
    ],
    [
      'another kind',
      await new SignJWT({ ...claims, exp })
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(own.privateKey),
    ],
    ['rubbish', 'a.b.c'],
  ];
  assert.equal(
    (await registry.ask('GET', '/v2/', { authorization: `Bearer ${good}` })).status,
    200,
  );
  for (const [what, token] of tokens) {
    const got = await registry.ask('GET', '/v2/', { authorization: `Bearer ${token}` });
    assert.equal(got.status, 401, what);
    assert.match(String(got.headers['www-authenticate']), /error="invalid_token"/, what);
  }
});

test("the registry's keys are for its user alone, and last over a restart", async () => {
  await using registry = await ClosedRegistry.start();
  const file = join(registry.folder, 'registry', 'keys.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('a body of the token endpoint is read up to a limit', async () => {
  await using registry = await ClosedRegistry.start();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const got = await registry.ask('POST', '/token', { headers, body: 'x'.repeat(100_000) });
  assert.equal(got.status, 413);
});

test('after some wrong passwords no more are tried, but whoever is right already goes on', async () => {
  await using registry = await ClosedRegistry.start();
  const ping = async (authorization: string): Promise<number> =>
    (await registry.ask('GET', '/v2/', { authorization })).status;
  assert.equal(await ping(basic('pam')), 200);
  const statuses: number[] = [];
  for (let count = 0; count < 14; count++)
    statuses.push(await ping(basic('pam', `guess ${count}`)));
  assert.equal(statuses[0], 401);
  assert.equal(statuses.at(-1), 429);
  assert.equal(await ping(basic('pam')), 200);
  assert.equal(await ping(basic('pat')), 200);
});

test('where nobody is asked who he is, credentials do no harm and there are no tokens', async () => {
  await using registry = await ClosedRegistry.start(usualRules, { access: undefined });
  const authorization = basic('a', 'b');
  assert.equal((await registry.ask('GET', '/v2/', { authorization })).status, 200);
  assert.equal((await registry.ask('GET', '/token', { authorization })).status, 404);
  assert.equal((await registry.ask('GET', '/api/v1/tokens')).status, 405);
});
