import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Of } from './digest.ts';
import {
  formatReference,
  manifestReference,
  parseReference,
  parseRepository,
  parseTag,
  tagOrLatest,
} from './reference.ts';

const digest = sha256Of(new Uint8Array());

for (const name of ['a', 'a/b', 'a__b/c--d', 'a---b', 'a.b_c', 'v2/blobs/uploads', '0/1']) {
  test(`${name} is a repository name`, () => assert.equal(parseRepository(name), name));
}
for (const name of [
  '',
  'A',
  '-a',
  'a-',
  'a..b',
  'a___b',
  'a/',
  '/a',
  'a//b',
  'a/../b',
  'a b',
  'a\n',
  'x'.repeat(256),
]) {
  test(`${JSON.stringify(name.slice(0, 20))} is no repository name`, () => {
    assert.throws(() => parseRepository(name), { code: 'NAME_INVALID' });
  });
}

for (const tag of ['latest', '1.0', '_x', 'A-b.C_d', 'x'.repeat(128)]) {
  test(`${tag.slice(0, 20)} is a tag`, () => assert.equal(parseTag(tag), tag));
}
for (const tag of ['', '..', '.a', '-a', 'a:b', 'a/b', 'x'.repeat(129), 'a\n']) {
  test(`${JSON.stringify(tag.slice(0, 20))} is no tag`, () => {
    assert.throws(() => parseTag(tag), { code: 'TAG_INVALID' });
  });
}

const references: readonly (readonly [string, string | undefined, string, string | undefined])[] = [
  ['busybox', undefined, 'busybox', 'latest'],
  ['busybox:1.36', undefined, 'busybox', '1.36'],
  ['team/app', undefined, 'team/app', 'latest'],
  ['localhost/app', 'localhost', 'app', 'latest'],
  ['localhost:5000/team/app:1', 'localhost:5000', 'team/app', '1'],
  ['registry.example/app', 'registry.example', 'app', 'latest'],
  ['[::1]:5000/app:1', '[::1]:5000', 'app', '1'],
  [`127.0.0.1:8000/app@${digest}`, '127.0.0.1:8000', 'app', undefined],
  [`app:1@${digest}`, undefined, 'app', '1'],
];
for (const [text, host, repository, tag] of references) {
  test(`${text.slice(0, 40)} comes apart as docker has it`, () => {
    const reference = parseReference(text);
    assert.equal(reference.host, host);
    assert.equal(reference.repository, repository);
    assert.equal(tagOrLatest(reference), tag);
    assert.equal(formatReference(reference), text);
  });
}

for (const text of [
  '',
  'App',
  'host.example/',
  'a:b:c',
  'a@sha256:bad',
  'x@y.example/app',
  'a.b:x:1/c',
]) {
  test(`${JSON.stringify(text)} is no reference`, () => {
    assert.throws(() => parseReference(text), { name: 'OciError' });
  });
}

test("a manifest's path names a tag, or with a colon a digest and never a tag", () => {
  assert.deepEqual(manifestReference('latest'), { kind: 'tag', tag: 'latest' });
  assert.deepEqual(manifestReference(digest), { kind: 'digest', digest });
  assert.throws(() => manifestReference('sha256:bad'), { code: 'DIGEST_INVALID' });
});
