import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  handoutShares,
  interleaved,
  isGatewayDue,
  mayHaveOrigin,
  type AskerLinks,
} from './handout.ts';

function shares(change: Partial<AskerLinks>): { outside: number; all: number } {
  return handoutShares({
    want: undefined,
    isNew: true,
    links: 0,
    linksOutside: 0,
    zoneSize: undefined,
    part: 'inside',
    ...change,
  });
}

suite('handout', () => {
  test('one that comes first is introduced to 25 peers, or as many as it wants', () => {
    assert.equal(shares({}).all, 25);
    assert.equal(shares({ want: 1000 }).all, 25);
    assert.equal(shares({ want: 7 }).all, 7);
    assert.equal(shares({ want: 0 }).all, 0);
  });

  test('one that comes again has 10 more each time, up to what it wants, and never more than 50', () => {
    assert.equal(shares({ isNew: false, links: 25 }).all, 10);
    assert.equal(shares({ isNew: false, links: 45, want: 1000 }).all, 5);
    assert.equal(shares({ isNew: false, links: 25, want: 30 }).all, 5);
    assert.equal(shares({ isNew: false, links: 80 }).all, 0);
    // Many of its neighbours have died.
    assert.equal(shares({ isNew: false, links: 4 }).all, 21);
  });

  test('peers that it was given to count as those that it was given', () => {
    assert.equal(shares({ links: 12 }).all, 13);
    assert.equal(shares({ links: 40 }).all, 0);
  });

  test('a gateway has 8 peers outside its zone, others of it have none, and a seed has a fifth, at least 2', () => {
    const gateway = { zoneSize: 1000, part: 'gateway' } as const;
    assert.deepEqual(shares(gateway), { outside: 8, all: 25 });
    assert.deepEqual(shares({ ...gateway, want: 5 }), { outside: 5, all: 5 });
    assert.deepEqual(shares({ zoneSize: 1000 }), { outside: 0, all: 25 });
    assert.deepEqual(shares({ zoneSize: 0 }), { outside: 0, all: 25 });
    const seed = { zoneSize: 1000, part: 'seed' } as const;
    assert.deepEqual(shares(seed), { outside: 5, all: 25 });
    assert.deepEqual(shares({ ...seed, want: 5 }), { outside: 2, all: 5 });
    assert.deepEqual(shares({ ...seed, want: 1 }), { outside: 1, all: 1 });
    assert.deepEqual(shares({ zoneSize: undefined }), { outside: 0, all: 25 });
  });

  test('those outside who are linked already count', () => {
    const has = { isNew: false, zoneSize: 1000, links: 25, part: 'gateway' } as const;
    assert.deepEqual(shares({ ...has, linksOutside: 5 }), { outside: 3, all: 10 });
    assert.deepEqual(shares({ ...has, linksOutside: 9 }), { outside: 0, all: 10 });
    // All of its neighbours outside are gone.
    assert.deepEqual(shares({ ...has, linksOutside: 0 }), { outside: 8, all: 10 });
    assert.deepEqual(shares({ ...has, links: 80, linksOutside: 1 }), { outside: 7, all: 7 });
    assert.deepEqual(shares({ ...has, links: 80, linksOutside: 2 }), { outside: 0, all: 0 });
  });

  test('what a small zone lacks is made up outside: to 10 neighbours at first, later to 20', () => {
    const gateway = { part: 'gateway' } as const;
    assert.deepEqual(shares({ ...gateway, zoneSize: 0 }), { outside: 10, all: 25 });
    assert.deepEqual(shares({ ...gateway, zoneSize: 7 }), { outside: 8, all: 25 });
    const later = { ...gateway, isNew: false, zoneSize: 7 };
    assert.deepEqual(shares({ ...later, links: 12, linksOutside: 5 }), { outside: 8, all: 13 });
    assert.deepEqual(shares({ ...later, links: 20, linksOutside: 13 }), { outside: 0, all: 10 });
  });

  test('a zone has 6 gateways, or as many more when it gets nothing, and none when it has the blob', () => {
    const need = { gateways: 5, complete: 2, starvedFor: 0 };
    assert.equal(isGatewayDue(need), true);
    assert.equal(isGatewayDue({ ...need, gateways: 6 }), false);
    assert.equal(isGatewayDue({ ...need, complete: 3 }), false);
    const starved = { gateways: 11, complete: 9, starvedFor: 40_000 };
    assert.equal(isGatewayDue(starved), true);
    assert.equal(isGatewayDue({ ...starved, gateways: 12 }), false);
    assert.equal(isGatewayDue({ ...starved, starvedFor: 39_999 }), false);
  });

  test('two lists are mixed evenly, each in its order', () => {
    assert.deepEqual(interleaved([1, 2, 3, 4, 5, 6], [-1, -2]), [-1, 1, 2, 3, -2, 4, 5, 6]);
    assert.deepEqual(interleaved([1], [-1, -2, -3]), [1, -1, -2, -3]);
    assert.deepEqual(interleaved([1, 2], []), [1, 2]);
    assert.deepEqual(interleaved([], []), []);
  });

  test('without zones the origin is introduced to as many as it should be', () => {
    const origin = { most: 60, linksInZone: 0, namedZones: 0 };
    assert.equal(mayHaveOrigin({ ...origin, links: 59, linksInZone: 59 }), true);
    assert.equal(mayHaveOrigin({ ...origin, links: 60, linksInZone: 60 }), false);
  });

  test('zones share the origin, and one share is kept for a zone that comes later', () => {
    const origin = { most: 60, namedZones: 3, links: 40 };
    assert.equal(mayHaveOrigin({ ...origin, linksInZone: 14 }), true);
    assert.equal(mayHaveOrigin({ ...origin, linksInZone: 15 }), false);
    assert.equal(mayHaveOrigin({ ...origin, linksInZone: 14, links: 60 }), false);
  });

  test('each zone may have 2, even when the others have all; made-up zones do not drown the origin', () => {
    const origin = { most: 60, namedZones: 100 };
    assert.equal(mayHaveOrigin({ ...origin, links: 200, linksInZone: 1 }), true);
    assert.equal(mayHaveOrigin({ ...origin, links: 200, linksInZone: 2 }), false);
    assert.equal(mayHaveOrigin({ ...origin, links: 240, linksInZone: 0 }), false);
  });
});
