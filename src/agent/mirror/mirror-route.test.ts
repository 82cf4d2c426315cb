import assert from 'node:assert/strict';
import test from 'node:test';
import { parseMirrorRoute } from './mirror-route.ts';
import { Origins } from './origins.ts';

const origins = new Origins(new URL('http://registry.example:8000'), ['hub.example']);
const digest = `sha256:${'0a'.repeat(32)}`;

function route(target: string): unknown {
  return parseMirrorRoute(target, origins);
}

function refused(target: string, code: string): void {
  assert.throws(() => route(target), { code }, target);
}

test('the endpoints are found by the end of the path', () => {
  assert.deepEqual(route('/v2/'), { kind: 'ping' });
  assert.deepEqual(route('/v2/team/app/manifests/1.0'), {
    kind: 'manifest',
    repository: 'team/app',
    reference: { kind: 'tag', tag: '1.0' },
  });
  assert.deepEqual(route(`/v2/a/blobs/b/manifests/${digest}`), {
    kind: 'manifest',
    repository: 'a/blobs/b',
    reference: { kind: 'digest', digest },
  });
  assert.deepEqual(route(`/v2/a/manifests/b/blobs/${digest.replace(':', '%3A')}`), {
    kind: 'blob',
    repository: 'a/manifests/b',
    digest,
  });
  assert.deepEqual(route('/v2/team/app/tags/list?n=2&last=a&ns=docker.io&x=y'), {
    kind: 'tags',
    repository: 'team/app',
    path: '/v2/team/app/tags/list',
    query: 'n=2&last=a',
  });
  assert.deepEqual(route(`/v2/a/referrers/${digest}?last=b&artifactType=a%2Fb&ns=docker.io&x=y`), {
    kind: 'referrers',
    repository: 'a',
    digest,
    path: `/v2/a/referrers/${digest}`,
    query: 'artifactType=a%2Fb&last=b',
  });
});

test('other paths are no endpoints', () => {
  for (const target of ['/', '/v1/', '/v2/x', '/v2/manifests/x', '*', '']) {
    assert.equal(route(target), undefined, target);
  }
});

test('the origin may be named in the query, or first in the path, or not at all', () => {
  for (const target of [
    '/v2/library/x/manifests/1',
    '/v2/library/x/manifests/1?ns=docker.io',
    '/v2/library/x/manifests/1?ns=registry.example:8000',
    '/v2/library/x/manifests/1?ns=Hub.Example',
    '/v2/docker.io/library/x/manifests/1',
    '/v2/registry.example:8000/library/x/manifests/1',
    '/v2/hub.example/library/x/manifests/1',
  ]) {
    const found = parseMirrorRoute(target, origins);
    assert.equal(found?.kind === 'manifest' && found.repository, 'library/x', target);
  }
  const standard = new Origins(new URL('https://registry.example'), []);
  for (const ns of ['registry.example', 'registry.example:443']) {
    assert.ok(parseMirrorRoute(`/v2/x/manifests/1?ns=${ns}`, standard), ns);
  }
});

test('other origins are not stood in for, whatever their form', () => {
  for (const ns of [
    'ghcr.io',
    '169.254.169.254',
    'localhost:2375',
    '[::1]:22',
    '127.0.0.1:5000',
    'registry.example',
    'user:pw@registry.example:8000',
    'registry.example:8000/path',
    'docker.io%2F..',
    'docker.io.',
    '0x7f.1',
    '',
    'x'.repeat(300),
  ]) {
    refused(`/v2/library/x/manifests/1?ns=${ns}`, 'NAME_UNKNOWN');
  }
  refused('/v2/library/x/manifests/1?ns=docker.io&ns=docker.io', 'NAME_UNKNOWN');
  refused('/v2/ghcr.io:443/x/manifests/1', 'NAME_INVALID');
});

test('names, tags and digests that are none are refused', () => {
  for (const name of [
    '..%2f..%2fetc',
    '%2e%2e',
    'a%00',
    'a%5cb',
    'A',
    'a..b',
    'a//b',
    'docker.io/',
  ]) {
    refused(`/v2/${name}/manifests/1`, 'NAME_INVALID');
  }
  refused('/v2/%ff/manifests/1', 'NAME_INVALID');
  refused('/v2/a/manifests/..', 'TAG_INVALID');
  refused('/v2/a/manifests/sha256:bad', 'DIGEST_INVALID');
  refused('/v2/a/blobs/sha256:..', 'DIGEST_INVALID');
  refused('/v2/a/blobs/latest', 'DIGEST_INVALID');
});
