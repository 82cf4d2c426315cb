import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullImageName, sameImageName } from './image-name.ts';

const fullNames: readonly (readonly [string, string])[] = [
  ['busybox:1', 'docker.io/library/busybox:1'],
  ['team/app:1', 'docker.io/team/app:1'],
  ['docker.io/team/app:1', 'docker.io/team/app:1'],
  ['index.docker.io/busybox', 'docker.io/library/busybox'],
  ['docker.io/library/busybox:1', 'docker.io/library/busybox:1'],
  ['registry:5000/app:1', 'registry:5000/app:1'],
  ['ghcr.io/team/app', 'ghcr.io/team/app'],
  ['localhost/app', 'localhost/app'],
  ['docker.io/ghcr.io/app', 'docker.io/ghcr.io/app'],
];
for (const [name, full] of fullNames) {
  test(`${name} is ${full} in full`, () => assert.equal(fullImageName(name), full));
}

test('a name that repeats its host without end, as an archive may hold it, is only a strange name', () => {
  const name = `${'docker.io/'.repeat(100_000)}app`;
  assert.equal(fullImageName(name), name);
});

test('a missing tag means latest, a missing host Docker Hub', () => {
  assert.ok(sameImageName('busybox', 'docker.io/library/busybox:latest'));
  assert.ok(sameImageName('registry:5000/app', 'registry:5000/app:latest'));
  assert.ok(!sameImageName('busybox:1', 'busybox:2'));
  assert.ok(!sameImageName('registry:5000/app', 'app'));
});
