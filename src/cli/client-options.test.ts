import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveClientOptions } from './client-options.ts';

test('options after the verb count before those in front of it, and these before the environment', () => {
  const env = { DOCKET_HOST: 'env', DOCKET_PORT: '1', DOCKET_LOCATION: '/env' };
  const url = (before: object, after: object): string =>
    resolveClientOptions(before, after, env).registryFor(undefined);
  assert.equal(url({ host: 'before' }, { host: 'after' }), 'http://after:1');
  assert.equal(url({ host: 'before', port: '2' }, { port: '3' }), 'http://before:3');
  assert.equal(url({ port: '2' }, {}), 'http://env:2');
  assert.equal(url({}, {}), 'http://env:1');
  assert.equal(resolveClientOptions({ location: '/a' }, {}, env).location, '/a');
  assert.equal(resolveClientOptions({}, {}, env).location, '/env');
});

test('nothing said means this machine, port 8000 and /tmp/docket; empty variables say nothing', () => {
  for (const env of [{}, { DOCKET_HOST: '', DOCKET_PORT: '', DOCKET_LOCATION: '' }]) {
    const options = resolveClientOptions({}, {}, env);
    assert.equal(options.registryFor(undefined), 'http://127.0.0.1:8000');
    assert.equal(options.location, '/tmp/docket');
  }
});

test("an image's own host names the registry when nothing else does", () => {
  const none = resolveClientOptions({}, {}, {});
  assert.equal(none.registryFor('registry:5000'), 'http://registry:5000');
  const named = resolveClientOptions({ host: 'http://10.0.0.5' }, {}, {});
  assert.equal(named.registryFor('registry:5000'), 'http://10.0.0.5:8000');
});
