import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksLikeHtpasswd, parseHtpasswd } from './htpasswd.ts';

const hash = `$2y$10$${'a'.repeat(53)}`;

test('users of a file of htpasswd are read, comments and empty lines left out', () => {
  const users = parseHtpasswd('f', `# users\n\nann:${hash}\r\nbob:${hash.replace('2y', '2b')}\n`);
  assert.deepEqual([...users.keys()], ['ann', 'bob']);
  assert.equal(users.get('ann'), hash);
});

test('anything but bcrypt is refused, by its line, and no hash is told', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', /f:1: the hash of "ann" is not bcrypt/],
    ['ann:$apr1$x$y', /not bcrypt/],
    ['ann:plain', /not bcrypt/],
    [`ann:${hash.replace('$10$', '$20$')}`, /the cost 20: expected 14 at most/],
    [`ann:${hash}\nann:${hash}`, /f:2: "ann" is there twice/],
    [`:${hash}`, /expected user:hash/],
    ['ann', /expected user:hash/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(
      () => parseHtpasswd('f', text),
      (error: Error) => message.test(error.message) && !/W6ph|apr1|plain/.test(error.message),
      text,
    );
  }
});

test('a file of users is told from one of rules', () => {
  assert.equal(looksLikeHtpasswd(`ann:${hash}\nbob:x\n`), true);
  assert.equal(looksLikeHtpasswd('htpasswd: users\n'), false);
  assert.equal(looksLikeHtpasswd('policy:\n  - who: anyone\n'), false);
  assert.equal(looksLikeHtpasswd(''), false);
});
