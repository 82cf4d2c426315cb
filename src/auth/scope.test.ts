import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, formatScope, parseScopes } from './scope.ts';

test('scopes are read one by one or together, and the same resource counts once', () => {
  const scopes = parseScopes(['repository:a/b:pull registry:catalog:*', 'repository:a/b:push', '']);
  assert.deepEqual(scopes.map(formatScope), ['repository:a/b:pull,push', 'registry:catalog:*']);
  assert.deepEqual(parseScopes(['repository(plugin):a:pull'])[0]?.name, 'a');
});

test('what makes no sense is left out', () => {
  for (const text of [
    'x',
    'repository:A:pull',
    'repository:a',
    'registry:all:*',
    'repository:a:',
    `repository:${'a'.repeat(3000)}:pull`,
  ]) {
    assert.deepEqual(parseScopes([text]), [], text);
  }
  assert.ok(
    parseScopes([Array.from({ length: 5000 }, (_, n) => `repository:r${n}:pull`).join(' ')])
      .length <= 100,
  );
});

test('a scope covers its own resource, and a star all actions', () => {
  const scopes = parseScopes(['repository:a:pull', 'repository:b:*']);
  assert.ok(covers(scopes, 'repository', 'a', 'pull'));
  assert.ok(!covers(scopes, 'repository', 'a', 'push'));
  assert.ok(covers(scopes, 'repository', 'b', 'delete'));
  assert.ok(!covers(scopes, 'registry', 'a', 'pull'));
});
