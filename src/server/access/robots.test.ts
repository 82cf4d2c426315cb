import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basic, ClosedRegistry } from './access-fixture.ts';

interface Listed {
  readonly name: string;
  readonly state: string;
  readonly createdBy: string;
  readonly usedAt?: string;
}

const grants = [{ rights: ['pull', 'push'], repositories: ['team/**'] }];

test('a robot does what it was made for until it is revoked, and so does what was given for it', async () => {
  await using registry = await ClosedRegistry.start();
  const secret = await registry.robot('ci', grants);
  assert.match(secret, /^dkt_/);
  const list = async (): Promise<readonly Listed[]> => {
    const answer = await registry.json(200, 'GET', '/api/v1/tokens', {
      authorization: basic('root'),
    });
    assert.ok(!JSON.stringify(answer).includes(secret.split('_')[2] ?? ''));
    return (answer as { readonly tokens: readonly Listed[] }).tokens;
  };
  assert.equal((await list())[0]?.usedAt, undefined);
  const uploads = '/v2/team/app/blobs/uploads/';
  for (const authorization of [basic('ci', secret), `Bearer ${secret}`]) {
    assert.equal((await registry.ask('POST', uploads, { authorization })).status, 202);
    assert.equal(
      (await registry.ask('POST', '/v2/other/x/blobs/uploads/', { authorization })).status,
      403,
    );
    assert.equal(
      (await registry.ask('DELETE', '/v2/team/app/manifests/v1', { authorization })).status,
      403,
    );
    assert.equal((await registry.ask('GET', '/api/v1/tokens', { authorization })).status, 403);
  }
  const token = await registry.token(basic('ci', secret), 'repository:team/app:pull,push');
  const [ci] = await list();
  assert.equal(ci?.state, 'valid');
  assert.equal(ci.createdBy, 'user:root');
  assert.ok(Date.parse(ci.usedAt ?? '') > 0);

  const root = { authorization: basic('root') };
  assert.equal((await registry.ask('DELETE', '/api/v1/tokens/ci', root)).status, 204);
  assert.equal((await registry.ask('DELETE', '/api/v1/tokens/ci', root)).status, 404);
  for (const authorization of [basic('ci', secret), `Bearer ${secret}`, `Bearer ${token}`]) {
    assert.equal((await registry.ask('POST', uploads, { authorization })).status, 401);
  }
  assert.equal((await list())[0]?.state, 'revoked');
  // A new one of the name is another: what the old one had is of no use to it.
  const second = await registry.robot('ci', grants);
  assert.equal(
    (await registry.ask('POST', uploads, { authorization: `Bearer ${second}` })).status,
    202,
  );
  assert.equal(
    (await registry.ask('POST', uploads, { authorization: `Bearer ${secret}` })).status,
    401,
  );
  assert.equal(
    (await registry.ask('POST', uploads, { authorization: `Bearer ${token}` })).status,
    401,
  );
});

test('a robot that makes no sense, or has the name of another, is not made', async () => {
  await using registry = await ClosedRegistry.start();
  await registry.robot('ci', grants);
  for (const wrong of [
    { name: 'ci', grants },
    { name: 'Big', grants },
    { name: '../x', grants },
    { name: 'a', grants: [] },
    { name: 'a', grants: [{ rights: ['rule'], repositories: ['**'] }] },
    { name: 'a', grants: [{ rights: [], repositories: ['**'] }] },
    { name: 'a', grants: [{ rights: ['pull'] }] },
    { name: 'a', grants: [{ rights: ['pull'], repositories: ['**'], more: 1 }] },
    { name: 'a', grants, hash: 'x' },
    { name: 'a', grants, expiresIn: -1 },
    {},
  ]) {
    const headers = { 'content-type': 'application/json' };
    const ask = { authorization: basic('root'), headers, body: JSON.stringify(wrong) };
    assert.equal(
      (await registry.ask('POST', '/api/v1/tokens', ask)).status,
      400,
      JSON.stringify(wrong),
    );
  }
});
