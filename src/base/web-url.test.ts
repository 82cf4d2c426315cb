import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWebUrl } from './web-url.ts';

test('a web URL is one over http or https without user and password', () => {
  for (const text of ['http://host', 'https://host:8443/path?query', 'HTTPS://[::1]/']) {
    assert.equal(parseWebUrl(text)?.href, new URL(text).href);
  }
  const others = [
    '',
    'host',
    'host:80',
    'ftp://host',
    'https://',
    'http://a@host',
    'http://:b@host',
  ];
  for (const text of others) assert.equal(parseWebUrl(text), undefined, text);
});
