import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesPattern } from './pattern.ts';

for (const [pattern, matching, others] of [
  ['team/app', ['team/app'], ['team/app2', 'a/team/app', 'team']],
  ['team/*', ['team/app', 'team/a-b'], ['team', 'team/app/x', 'teams/app']],
  ['team/**', ['team/app', 'team/app/x/y'], ['team', 'other/team/app']],
  ['**', ['a', 'a/b/c'], []],
  ['*', ['a', ''], ['a/b']],
  ['**/app', ['team/app', 'a/b/app'], ['app', 'team/app2']],
  ['v?.*', ['v1.2', 'v1.'], ['v12.3', 'v1']],
  ['*-*-rc*', ['a-b-rc', 'a--rc1', 'x-y-z-rc'], ['a-rc']],
  ['a/*/**', ['a/b/c', 'a/b/c/d', 'a/b/'], ['a/b']],
  ['1.0+x[a]', ['1.0+x[a]'], ['1.0+xa', '1x0+x[a]']],
] as const) {
  test(`the pattern ${pattern} matches what it says, and nothing else`, () => {
    for (const text of matching) assert.equal(matchesPattern(pattern, text), true, text);
    for (const text of others) assert.equal(matchesPattern(pattern, text), false, text);
  });
}

test('no pattern takes long, whatever it is', () => {
  const start = performance.now();
  assert.equal(matchesPattern('*a'.repeat(100) + 'b', 'a'.repeat(255)), false);
  assert.ok(performance.now() - start < 500);
});
