import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isPeerHost, mayDial, type DialRules } from './dial-rules.ts';
import { parseIpRange } from './ip-range.ts';

const open: DialRules = { peersFrom: [], ownPort: 6881 };
const closed: DialRules = { ...open, peersFrom: [parseIpRange('10.0.0.0/8')] };
const dials = (host: string, port: number, rules = open): boolean => mayDial({ host, port }, rules);

suite('dial rules', () => {
  test('peers are dialled wherever they are, when no network was named', () => {
    assert.ok(dials('10.0.0.1', 6881) && dials('fd00::1', 50_000) && dials('203.0.113.1', 1024));
  });

  test('the services of a host are not knocked upon', () => {
    for (const port of [0, 22, 80, 1023, 65_536]) assert.ok(!dials('10.0.0.1', port), `${port}`);
  });

  test('a low port is dialled where peers use the same, and inside a named network', () => {
    assert.ok(dials('10.0.0.1', 443, { ...open, ownPort: 443 }));
    assert.ok(dials('10.0.0.1', 443, closed));
  });

  test('nobody, everybody and groups are no peers', () => {
    for (const host of ['0.0.0.0', '255.255.255.255', '224.0.0.1', '240.0.0.1', '::', 'ff02::1'])
      assert.ok(!dials(host, 6881), host);
  });

  test('outside of the networks that were named nobody is dialled or accepted', () => {
    assert.ok(dials('10.9.9.9', 6881, closed) && !dials('169.254.169.254', 6881, closed));
    assert.ok(isPeerHost('10.9.9.9', closed) && !isPeerHost('fd00::1', closed));
    assert.ok(isPeerHost('fd00::1', open));
  });
});
