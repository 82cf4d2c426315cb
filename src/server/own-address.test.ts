import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAndPort, isHostAndPort, reachedAddress } from './own-address.ts';

const hosts = ['a', 'a.b-c', 'A1', '10.0.0.1', 'registry:8000', '[::1]', '[fd00::1]:8000'];
const others = [
  '',
  ':80',
  'a:',
  'a:b',
  'a:123456',
  'a/b',
  'a@b',
  'a b',
  'a?b',
  '::1',
  '[::1',
  '-a',
  'a\n',
  'a'.repeat(300),
];

for (const host of hosts) {
  test(`${host} is a host`, () => {
    assert.equal(isHostAndPort(host), true);
    assert.equal(new URL(`http://${host}/`).pathname, '/');
  });
}
for (const host of others) {
  test(`${JSON.stringify(host.slice(0, 20))} is no host`, () => {
    assert.equal(isHostAndPort(host), false);
  });
}

test('an IPv6 address stands in brackets before a port', () => {
  assert.equal(hostAndPort('::1', 80), '[::1]:80');
  assert.equal(hostAndPort('[::1]', 80), '[::1]:80');
  assert.equal(hostAndPort('a', 80), 'a:80');
});

test('the address that a client reached is plain IPv4 or IPv6', () => {
  assert.equal(reachedAddress({ localAddress: '::ffff:10.0.0.1' }), '10.0.0.1');
  assert.equal(reachedAddress({ localAddress: 'fd00::1' }), 'fd00::1');
  assert.equal(reachedAddress({ localAddress: 'fe80::1%eth0' }), 'fe80::1');
  assert.equal(reachedAddress({ localAddress: '10.0.0.1' }), '10.0.0.1');
});
