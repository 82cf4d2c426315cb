import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

test('the name that was meant is found by what is mistyped, swapped, or spelt as elsewhere', () => {
  const names = ['port', 'peerPort', 'peersFrom', 'uploadRate', 'location'];
  const cases = [
    ['prot', 'port'],
    ['peer-port', 'peerPort'],
    ['PEER_PORT', 'peerPort'],
    ['locaton', 'location'],
    ['upload', undefined],
    ['colour', undefined],
    ['', undefined],
  ] as const;
  for (const [word, expected] of cases) assert.equal(nearest(word, names), expected, word);
});
