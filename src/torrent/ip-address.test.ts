import assert from 'node:assert/strict';
import { BlockList, SocketAddress, isIP } from 'node:net';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { fuzzRuns } from '../../test/mutations.ts';
import { canonicalIp, networkOf, withoutBrackets } from './ip-address.ts';

suite('IP addresses', () => {
  test('each address has one spelling', () => {
    const expected: Readonly<Record<string, string>> = {
      '10.0.0.1': '10.0.0.1',
      '::ffff:10.0.0.1': '10.0.0.1',
      '::FFFF:0A00:0001': '10.0.0.1',
      '[::1]': '::1',
      'fe80::1%eth0': 'fe80::1',
      '2001:DB8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '1:0:0:2:0:0:0:3': '1:0:0:2::3',
      '1:2:3:4:5:6:0:8': '1:2:3:4:5:6:0:8',
      '0:0:0:0:0:0:0:0': '::',
      '1::': '1::',
      '64:ff9b::1.2.3.4': '64:ff9b::102:304',
    };
    for (const [text, canonical] of Object.entries(expected)) {
      assert.equal(canonicalIp(text), canonical, text);
    }
  });

  test('what is no address is undefined', () => {
    const wrong = [
      '',
      'host',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.-4',
      ':',
      ':::',
      '1:2',
    ];
    const more = [
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7::8:9',
      '12345::',
      'g::',
      '::1.2.3.256',
      '::1.2.3.4:5',
    ];
    for (const text of [...wrong, ...more, '1'.repeat(1000)]) {
      assert.equal(canonicalIp(text), undefined, text);
    }
  });

  test('addresses of one network have one key, however they are written', () => {
    const alike = [
      ['10.0.0.1', '10.0.0.254', '::ffff:10.0.0.3'],
      ['10.0.1.1'],
      ['fd00::1', 'fd00:0:0:0:1::', '[FD00::2:0:0:3]'],
      ['fd00:1::1', 'fd00:1:0:0:2::'],
      ['fe80::1', 'fe80::2%eth0'],
      ['host'],
    ].map((hosts) => new Set(hosts.map(networkOf)));
    for (const keys of alike) assert.equal(keys.size, 1);
    assert.equal(new Set(alike.flatMap((keys) => [...keys])).size, alike.length);
  });

  test('brackets are taken from an IPv6 address, and nothing from others', () => {
    const expected = { '[::1]': '::1', '::1': '::1', '10.0.0.1': '10.0.0.1', 'a.b': 'a.b' };
    for (const [host, bare] of Object.entries(expected)) assert.equal(withoutBrackets(host), bare);
  });

  test('it is the same address that Node reads', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = canonicalIp(text) ?? '';
        const family = isIP(canonical) === 4 ? 'ipv4' : 'ipv6';
        assert.equal(canonicalIp(canonical), canonical);
        const list = new BlockList();
        list.addAddress(new SocketAddress({ address: canonical, family }));
        assert.ok(list.check(text, isIP(text) === 4 ? 'ipv4' : 'ipv6'), `${text} → ${canonical}`);
      }),
      { numRuns: fuzzRuns },
    );
  });
});
