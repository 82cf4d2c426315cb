import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { formatIp } from './ip-address.ts';
import { isInRanges, parseIpRange } from './ip-range.ts';

const holds = (range: string, host: string): boolean => isInRanges(host, [parseIpRange(range)]);

suite('IP range', () => {
  test('a network holds the addresses that begin with its bits', () => {
    assert.ok(holds('10.0.0.0/8', '10.255.0.1') && !holds('10.0.0.0/8', '11.0.0.1'));
    assert.ok(holds('10.77.0.0/23', '10.77.1.9') && !holds('10.77.0.0/23', '10.77.2.0'));
    assert.ok(holds('fd00::/8', 'fdab::1') && !holds('fd00::/8', 'fe80::1'));
    assert.ok(holds('0.0.0.0/0', '203.0.113.9') && !holds('0.0.0.0/0', '::1'));
  });

  test('an address alone is a network of one', () => {
    assert.ok(holds('10.0.0.5', '10.0.0.5') && !holds('10.0.0.5', '10.0.0.4'));
    assert.ok(holds('::1', '::1') && !holds('::1', '::2'));
  });

  test('an IPv4 address that is written as IPv6 is held by the IPv4 network', () => {
    assert.ok(holds('10.0.0.0/8', '::ffff:10.1.2.3'));
  });

  test('one of several is enough, and none holds what is no address', () => {
    const ranges = [parseIpRange('10.0.0.0/8'), parseIpRange('fd00::/8')];
    assert.ok(isInRanges('fd00::7', ranges));
    assert.ok(!isInRanges('tracker.example', ranges) && !isInRanges('10.0.0.1', []));
  });

  test('what is no network is refused', () => {
    for (const wrong of ['', '10.0.0.0/33', 'fd00::/129', '10.0.0/8', 'host/8', '10.0.0.0/-1']) {
      assert.throws(() => parseIpRange(wrong), { code: 'IP_RANGE_INVALID' }, wrong);
    }
  });

  test('each network of an address holds it and its own first address', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(fc.ipV4(), fc.nat(32)),
          fc.tuple(fc.ipV6(), fc.integer({ min: 97, max: 128 })),
        ),
        ([address, bits]) => {
          const text = `${address}/${bits}`;
          const mapped = /^(0*:)*:?ffff:/i.test(address) || address.includes('.');
          fc.pre(bits <= 32 || !mapped);
          const range = parseIpRange(text);
          assert.ok(isInRanges(address, [range]));
          const first = range.bytes.map(
            (byte, index) => byte & ~(0xff >> Math.min(Math.max(bits - 8 * index, 0), 8)),
          );
          assert.ok(isInRanges(formatIp(first), [range]));
        },
      ),
    );
  });
});
