import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestAlgorithm, digestHex, digestOf, isDigest, parseDigest, sha256Of } from './digest.ts';

const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('sha256Of gives the known digest of no bytes', () => {
  assert.equal(sha256Of(new Uint8Array()), empty);
});

test('a digest comes apart into algorithm and hex digits', () => {
  const digest = digestOf('sha512', new TextEncoder().encode('{}'));
  assert.equal(digestAlgorithm(digest), 'sha512');
  assert.equal(digestHex(digest).length, 128);
  assert.equal(parseDigest(digest), digest);
});

const notDigests = [
  '',
  'sha256:',
  'sha256:bad',
  empty.slice(0, -1),
  `${empty}0`,
  empty.toUpperCase(),
  empty.replace('sha256', 'sha512'),
  empty.replace('sha256', 'SHA256'),
  'md5:d41d8cd98f00b204e9800998ecf8427e',
  'sha256:../../../../etc/passwd',
  `${empty}\n`,
  ` ${empty}`,
];
for (const text of notDigests) {
  test(`${JSON.stringify(text.slice(0, 40))} is no digest`, () => {
    assert.equal(isDigest(text), false);
    assert.throws(() => parseDigest(text), { code: 'DIGEST_INVALID' });
  });
}
