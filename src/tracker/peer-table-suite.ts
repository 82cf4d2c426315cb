import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compactRows } from '../torrent/compact-peers.ts';
import { addressKey } from '../torrent/ids.ts';
import {
  address,
  hosts,
  origin,
  otherTorrent,
  peers,
  type PeerTableSetting,
  setUp,
  torrent,
  zoneOf,
} from './peer-table-fixture.ts';
import { testZones } from './peer-table-zones-suite.ts';
import type { PeerTable, TableAnnounce } from './peer-table.ts';

/** The tests that every peer table passes. */
export function testPeerTable(
  name: string,
  create: (setting: PeerTableSetting) => PeerTable,
): void {
  suite(name, { timeout: 30_000 }, () => {
    test('peers are introduced to each other, and none to itself', async (t) => {
      const { announce } = setUp(t, create);

      assert.deepEqual(peers(await announce(1)), []);
      assert.deepEqual(peers(await announce(2)), [address(1)]);
      assert.deepEqual(peers(await announce(1)), [address(2)]);
      assert.deepEqual(peers(await announce(3, {}, otherTorrent)), []);
    });

    test('the figures count seeds, the others, and those that became seeds', async (t) => {
      const { announce, table } = setUp(t, create);
      await announce(1, { isComplete: true });
      await announce(2);
      const { peers: given, complete, incomplete, downloaded } = await announce(3);

      assert.equal(given.length, 2);
      assert.deepEqual([complete, incomplete, downloaded], [1, 2, 0]);
      await announce(2, { isComplete: true });
      await announce(2, { isComplete: true });
      assert.deepEqual(await table.figures(torrent), { complete: 2, incomplete: 1, downloaded: 1 });
      assert.deepEqual(await table.figures(otherTorrent), {
        complete: 0,
        incomplete: 0,
        downloaded: 0,
      });
    });

    test('a seed is given only peers that lack something', async (t) => {
      const { announce } = setUp(t, create);
      await announce(1, { isComplete: true });
      await announce(2, { isComplete: true });
      await announce(3);

      assert.deepEqual(peers(await announce(4, { isComplete: true })), [address(3)]);
      assert.deepEqual(peers(await announce(3, { isComplete: true })), []);
    });

    test('a peer that left, and one that fell silent, is given to nobody', async (t) => {
      const { announce, table, clock } = setUp(t, create);
      await announce(1);
      await announce(2);
      await announce(3, { lifetime: 1_000_000 });
      await table.remove(torrent, address(1));
      await table.remove(torrent, address(9));

      assert.deepEqual(hosts(await announce(3, { lifetime: 1_000_000 })), ['10.0.0.2']);
      clock.advance(70_000);
      assert.equal((await table.figures(torrent)).incomplete, 2);
      clock.advance(10_000);
      assert.equal((await table.figures(torrent)).incomplete, 1);
      assert.deepEqual(peers(await announce(3)), []);
    });

    test('a peer that announces in time stays', async (t) => {
      const { announce, table, clock } = setUp(t, create);
      for (let round = 0; round < 5; round++) {
        await announce(1);
        clock.advance(60_000);
      }
      assert.equal((await table.figures(torrent)).incomplete, 1);
    });

    test('25 peers are given at first, more at later announces, and never more than 50 or than are wanted', async (t) => {
      const { announce } = setUp(t, create);
      for (let number = 0; number < 120; number++) await announce(number, { want: 0 });

      assert.equal((await announce(200)).peers.length, 25);
      assert.equal((await announce(200)).peers.length, 35);
      for (let round = 0; round < 5; round++) await announce(200, { want: 1000 });
      assert.equal(new Set(hosts(await announce(200, { want: 1000 }))).size, 50);
      assert.equal((await announce(202, { want: 7 })).peers.length, 7);
      assert.equal((await announce(202, { want: 7 })).peers.length, 7);
      assert.deepEqual((await announce(203, { want: 0, origin })).peers, []);
    });

    test('an answer keeps the peers that were given before, as long as they are there', async (t) => {
      const { announce, table } = setUp(t, create);
      for (let number = 0; number < 200; number++) await announce(number);
      await announce(500);
      const first = hosts(await announce(500, { want: 30 }));
      const second = hosts(await announce(500, { want: 40 }));

      assert.deepEqual([first.length, second.length], [30, 40]);
      assert.deepEqual(
        first.filter((host) => !second.includes(host)),
        [],
      );
      const gone = first.slice(0, 10);
      for (const host of gone) await table.remove(torrent, { host, port: 6881 });
      const third = hosts(await announce(500, { want: 40 }));
      assert.equal(third.length, 40);
      assert.deepEqual(
        second.filter((host) => !third.includes(host)),
        gone,
      );
    });

    test('new peers are given to those who come next', async (t) => {
      const { announce } = setUp(t, create);
      for (let number = 0; number < 300; number++) await announce(number, { want: 20 });
      await announce(400, { want: 0 });

      assert.ok(hosts(await announce(401, { want: 4 })).includes('10.0.1.144'));
    });

    test('all peers of a large swarm get about as many neighbours', async (t) => {
      const { announce } = setUp(t, create);
      const size = 600;
      const neighbours = new Map<string, Set<string>>();
      const link = (a: string, b: string): void => {
        neighbours.set(a, (neighbours.get(a) ?? new Set()).add(b));
      };
      for (let number = 0; number < size; number++) {
        for (const peer of peers(await announce(number, { want: 20 }))) {
          link(addressKey(address(number)), addressKey(peer));
          link(addressKey(peer), addressKey(address(number)));
        }
      }
      const counts = [...neighbours.values()]
        .map((others) => others.size)
        .toSorted((a, b) => a - b);

      assert.equal(counts.length, size);
      const at = (part: number): number => counts[Math.floor(part * (size - 1))] ?? 0;
      // With purely random peers the fewest 5 % have 20, and the most 5 % have 81 to 99.
      assert.ok(at(0) >= 20 && at(0.05) >= 27, `the fewest: ${at(0)}, 5 %: ${at(0.05)}`);
      assert.ok(at(0.95) <= 65 && at(1) <= 80, `95 %: ${at(0.95)}, the most: ${at(1)}`);
    });

    test('the origin is given to peers that lack something, up to its limit, and goes to others when they are done', async (t) => {
      const { announce, table } = setUp(t, create);
      const few = { origin: { address: origin.address, most: 3 } };
      const has = async (number: number, change: Partial<TableAnnounce> = {}): Promise<boolean> =>
        hosts(await announce(number, { ...few, ...change })).includes(origin.address.host);

      assert.equal(await has(1, { isComplete: true }), false);
      for (const number of [2, 3, 4]) assert.equal(await has(number), true);
      assert.equal(await has(5), false);
      for (const number of [2, 3, 4]) assert.equal(await has(number), true);
      assert.equal(await has(2, { isComplete: true }), false);
      assert.equal(await has(5), true);
      assert.equal(await has(6), false);
      await table.remove(torrent, address(3));
      assert.equal(await has(6), true);
      assert.equal((await table.figures(torrent)).complete, 2);
    });

    test('an answer in its compact form says the same', async (t) => {
      const { announce, table } = setUp(t, create);
      for (let number = 0; number < 90; number++)
        await announce(number, { zone: zoneOf(number % 3) });
      const check = async (number: number, change: Partial<TableAnnounce>): Promise<void> => {
        const { peers: given, rows } = await announce(number, change);
        if (rows === undefined) return;
        assert.deepEqual(rows, compactRows(given.map(({ host, port }) => ({ host, port }))));
      };
      for (let round = 0; round < 20; round++) {
        for (const zone of [undefined, zoneOf(0), zoneOf(8)]) {
          await check(200, { zone, origin });
          await check(round, { zone: zoneOf(round % 3), want: 10 + (round % 3), origin });
          await check(201, { zone, isComplete: true });
          await check(202, { zone, address: { host: '2001:db8::1', port: 6881 }, want: 20 });
          await table.remove(torrent, address(round + 30));
        }
      }
      await check(203, { origin: { address: address(3), most: 60 } });
    });

    test('a peer that accepts no connections is given peers, and to nobody', async (t) => {
      const { announce, table } = setUp(t, create);
      await announce(1);
      const deaf = { address: { host: '10.9.9.9', port: 0 } };

      assert.deepEqual(peers(await announce(0, deaf)), [address(1)]);
      assert.deepEqual(peers(await announce(1)), []);
      assert.equal((await table.figures(torrent)).incomplete, 1);
    });

    test('a full table answers, refreshes and forgets, but lists no more', async (t) => {
      const { announce, table, clock } = setUp(t, create, { peersPerSwarm: 2, peers: 3 });
      await announce(1);
      await announce(2);

      assert.equal((await announce(3)).peers.length, 2);
      assert.equal((await table.figures(torrent)).incomplete, 2);
      await announce(4, {}, otherTorrent);
      await announce(5, {}, otherTorrent);
      assert.equal((await table.figures(otherTorrent)).incomplete, 1);
      clock.advance(60_000);
      await announce(1);
      clock.advance(30_000);
      assert.deepEqual(peers(await announce(6, {}, otherTorrent)), []);
      assert.equal((await table.figures(otherTorrent)).incomplete, 1);
      assert.deepEqual(peers(await announce(7)), [address(1)]);
    });

    testZones(create);
  });
}
