import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Caller } from './caller.ts';
import { allows, grantsFor, isWho, type Rule } from './policy.ts';
import { anonymous, type Subject } from './subject.ts';

const rules: readonly Rule[] = [
  { who: ['anyone'], rights: ['pull'], repositories: ['public/**'] },
  { who: ['anonymous'], rights: ['pull'], repositories: ['guests/*'] },
  { who: ['user:*'], rights: ['pull'], repositories: ['shared'] },
  { who: ['group:dev', 'robot:ci-*'], rights: ['pull', 'push'], repositories: ['team/**'] },
  { who: ['oidc:gh/org/**'], rights: ['push'], repositories: ['org/*'] },
  { who: ['user:root'], rights: ['admin'], repositories: ['**'] },
];

function may(subject: Subject, right: 'pull' | 'push' | 'delete', repository: string): boolean {
  return allows(grantsFor(rules, subject), right, repository);
}

function subject(kind: Subject['kind'], name: string, ...groups: string[]): Subject {
  return { kind, name, groups };
}

test('rules add up, and give nobody what none of them gives', () => {
  const ann = subject('user', 'ann', 'dev');
  assert.ok(may(ann, 'push', 'team/a/b'));
  assert.ok(may(ann, 'pull', 'shared'));
  assert.ok(may(ann, 'pull', 'public/x'));
  assert.ok(!may(ann, 'push', 'public/x'));
  assert.ok(!may(ann, 'delete', 'team/a'));
  assert.ok(!may(ann, 'pull', 'guests/x'));
  assert.ok(may(anonymous, 'pull', 'guests/x'));
  assert.ok(!may(anonymous, 'pull', 'guests/x/y'));
  assert.ok(!may(anonymous, 'pull', 'shared'));
  assert.ok(may(subject('robot', 'ci-1'), 'push', 'team/a'));
  assert.ok(!may(subject('user', 'ci-1'), 'push', 'team/a'));
  assert.ok(!may(subject('robot', 'x'), 'pull', 'shared'));
  assert.ok(may(subject('oidc', 'gh/org/app'), 'push', 'org/app'));
  assert.ok(!may(subject('oidc', 'gh/organ'), 'push', 'org/app'));
});

test('an admin may everything, and nobody else anything without a repository', () => {
  const root = grantsFor(rules, subject('user', 'root'));
  assert.ok(allows(root, 'delete', 'any/thing'));
  assert.ok(allows(root, 'admin', undefined));
  assert.ok(!allows(grantsFor(rules, subject('user', 'ann', 'dev')), 'admin', undefined));
  assert.ok(!allows(grantsFor(rules, subject('user', 'ann', 'dev')), 'pull', undefined));
});

test('a token narrows what its owner may, and widens nothing', () => {
  const grants = grantsFor(rules, subject('user', 'ann', 'dev'));
  const scopes = [
    { type: 'repository', name: 'team/a', actions: ['pull', 'delete'] },
    { type: 'registry', name: 'catalog', actions: ['*'] },
  ] as const;
  const caller = new Caller(subject('user', 'ann', 'dev'), grants, scopes);
  assert.ok(caller.may('pull', 'team/a'));
  assert.ok(!caller.may('push', 'team/a'));
  assert.ok(!caller.may('delete', 'team/a'));
  assert.ok(!caller.may('pull', 'team/b'));
  assert.ok(caller.isFor('catalog'));
  assert.ok(!caller.isFor('tracker'));
  const root = new Caller(
    subject('user', 'root'),
    grantsFor(rules, subject('user', 'root')),
    scopes,
  );
  assert.ok(!root.may('admin'));
  assert.ok(root.may('delete', 'team/a'));
});

test('who is meant has a kind and a name', () => {
  for (const good of ['anyone', 'anonymous', 'user:*', 'group:a', 'oidc:gh/**', 'agent:h1']) {
    assert.ok(isWho(good), good);
  }
  for (const bad of ['', 'ann', 'user:', 'everyone', 'anonymous:x', 'user:a b']) {
    assert.ok(!isWho(bad), bad);
  }
});
