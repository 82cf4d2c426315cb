import assert from 'node:assert/strict';
import test from 'node:test';
import { isOurHost } from './host-header.ts';

test('the loopback names and the bound address are ours', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:8010',
    '127.0.0.1',
    '127.0.0.1:8010',
    '127.0.1.1:80',
    '[::1]:8010',
  ]) {
    assert.equal(isOurHost(host, '127.0.0.1'), true, host);
  }
  assert.equal(isOurHost('10.0.0.5:8010', '10.0.0.5'), true);
});

test('other names are not ours, so that no web page can pose as us', () => {
  for (const host of [
    undefined,
    '',
    'evil.example',
    'evil.example:8010',
    '127.0.0.1.evil.example',
    '127.evil.example',
    '10.0.0.5',
    '[fe80::1]:80',
    '::1',
    'localhost:8010:1',
    'a@localhost',
  ]) {
    assert.equal(isOurHost(host, '127.0.0.1'), false, host);
  }
});

test('any address will do where the mirror is bound to all, but no name', () => {
  assert.equal(isOurHost('10.0.0.5:8010', '0.0.0.0'), true);
  assert.equal(isOurHost('[fd00::1]:8010', '::'), true);
  assert.equal(isOurHost('evil.example', '0.0.0.0'), false);
});
