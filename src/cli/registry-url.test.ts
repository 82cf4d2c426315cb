import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registryUrl } from './registry-url.ts';

type Case = readonly [
  host: string,
  port: string | undefined,
  fallback: string | undefined,
  url: string,
];

const cases: readonly Case[] = [
  ['http://10.0.0.5', undefined, undefined, 'http://10.0.0.5:8000'],
  ['10.0.0.5', undefined, undefined, 'http://10.0.0.5:8000'],
  ['registry', '9000', undefined, 'http://registry:9000'],
  ['registry:9000', undefined, undefined, 'http://registry:9000'],
  ['http://registry:9000/', undefined, '7000', 'http://registry:9000'],
  ['registry', undefined, '7000', 'http://registry:7000'],
  ['registry:9000', '7000', undefined, 'http://registry:7000'],
  ['http://registry:80', undefined, undefined, 'http://registry'],
  ['https://registry', undefined, undefined, 'https://registry'],
  ['https://registry', '8443', undefined, 'https://registry:8443'],
  ['HTTP://Registry', undefined, undefined, 'http://registry:8000'],
  ['[::1]', undefined, undefined, 'http://[::1]:8000'],
  ['http://[::1]:9000', undefined, undefined, 'http://[::1]:9000'],
];
for (const [host, port, fallback, url] of cases) {
  test(`host ${host}, port ${port ?? '-'}, else ${fallback ?? '-'}: ${url}`, () => {
    assert.equal(registryUrl(host, port, fallback), url);
  });
}

const notHosts = [
  '',
  'http://',
  'ftp://registry',
  'http://registry/path',
  'http://user:secret@registry',
  'registry?x',
  'two words',
  'registry:port',
  'registry:0',
  'registry:70000',
];
for (const host of notHosts) {
  test(`${JSON.stringify(host)} is no host`, () => {
    assert.throws(() => registryUrl(host, undefined, undefined), { code: 'USAGE' });
  });
}
