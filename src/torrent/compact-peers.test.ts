import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { isIpv4, peerAddresses } from '../../test/arbitraries.ts';
import { fuzzRuns } from '../../test/mutations.ts';
import { compactRows, parseCompactPeers } from './compact-peers.ts';

const bytesOf = (row: string): Buffer => Buffer.from(row, 'latin1');

suite('compact peers', () => {
  test('peers survive the round trip, each kind in its own row', () => {
    fc.assert(
      fc.property(peerAddresses, (all) => {
        const { peers, peers6 } = compactRows(all);
        assert.deepEqual(parseCompactPeers(bytesOf(peers), 4), all.filter(isIpv4));
        assert.deepEqual(
          parseCompactPeers(bytesOf(peers6), 16),
          all.filter((peer) => !isIpv4(peer)),
        );
      }),
      { numRuns: fuzzRuns },
    );
  });

  test('the bytes are those of BEP 23 and BEP 7', () => {
    const { peers, peers6 } = compactRows([
      { host: '10.1.2.3', port: 6881 },
      { host: '2001:db8::1', port: 80 },
    ]);
    assert.equal(bytesOf(peers).toString('hex'), '0a0102031ae1');
    assert.equal(bytesOf(peers6).toString('hex'), '20010db80000000000000000000000010050');
  });

  test('what is no address is left out, and a row of the wrong length is refused', () => {
    const { peers, peers6 } = compactRows([
      { host: 'host.example', port: 1 },
      { host: '10.0.0.1', port: 0 },
      { host: '10.0.0.1', port: 65_536 },
    ]);
    assert.equal(peers.length + peers6.length, 0);
    assert.equal(parseCompactPeers(Buffer.alloc(7), 4), undefined);
    assert.equal(parseCompactPeers(Buffer.alloc(6), 16), undefined);
    assert.deepEqual(parseCompactPeers(Buffer.from([1, 2, 3, 4, 0, 0]), 4), []);
  });
});
