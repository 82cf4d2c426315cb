import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom, type Random } from '../base/random.ts';
import { addressKey, type InfoHash, type PeerAddress } from '../torrent/ids.ts';
import type { Introduction, PeerTable, TableAnnounce } from './peer-table.ts';

/** What a table under test is made with. */
export interface PeerTableSetting {
  readonly clock: Clock;
  readonly random: Random;
  readonly peersPerSwarm?: number;
  readonly peers?: number;
}

const torrent = 'a'.repeat(40) as InfoHash;
const otherTorrent = 'b'.repeat(40) as InfoHash;
const origin = { address: { host: '192.0.2.1', port: 6881 }, most: 60 };

function address(number: number): PeerAddress {
  return { host: `10.0.${number >> 8}.${number & 0xff}`, port: 6881 };
}

function setUp(
  t: TestContext,
  create: (setting: PeerTableSetting) => PeerTable,
  limits: { readonly peersPerSwarm?: number; readonly peers?: number } = {},
): {
  clock: ManualClock;
  table: PeerTable;
  announce: (
    number: number,
    change?: Partial<TableAnnounce>,
    infoHash?: InfoHash,
  ) => Promise<Introduction>;
} {
  const clock = new ManualClock();
  const table = create({ clock, random: seededRandom(1), ...limits });
  t.after(() => table.close());
  return {
    clock,
    table,
    announce: (number, change, infoHash = torrent) =>
      table.announce(infoHash, {
        address: address(number),
        isComplete: false,
        want: undefined,
        lifetime: 75_000,
        ...change,
      }),
  };
}

function hosts(introduction: Introduction): string[] {
  return introduction.peers.map(({ host }) => host).toSorted();
}

/** The tests that every peer table passes. */
export function testPeerTable(
  name: string,
  create: (setting: PeerTableSetting) => PeerTable,
): void {
  suite(name, { timeout: 30_000 }, () => {
    test('peers are introduced to each other, and none to itself', async (t) => {
      const { announce } = setUp(t, create);

      assert.deepEqual((await announce(1)).peers, []);
      assert.deepEqual((await announce(2)).peers, [address(1)]);
      assert.deepEqual((await announce(1)).peers, [address(2)]);
      assert.deepEqual((await announce(3, {}, otherTorrent)).peers, []);
    });

    test('the figures count seeds, the others, and those that became seeds', async (t) => {
      const { announce, table } = setUp(t, create);
      await announce(1, { isComplete: true });
      await announce(2);
      const { peers, ...figures } = await announce(3);

      assert.equal(peers.length, 2);
      assert.deepEqual(figures, { complete: 1, incomplete: 2, downloaded: 0 });
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

      assert.deepEqual((await announce(4, { isComplete: true })).peers, [address(3)]);
      assert.deepEqual((await announce(3, { isComplete: true })).peers, []);
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
      assert.deepEqual((await announce(3)).peers, []);
    });

    test('a peer that announces in time stays', async (t) => {
      const { announce, table, clock } = setUp(t, create);
      for (let round = 0; round < 5; round++) {
        await announce(1);
        clock.advance(60_000);
      }
      assert.equal((await table.figures(torrent)).incomplete, 1);
    });

    test('at most 50 peers are given, or as many as are wanted', async (t) => {
      const { announce } = setUp(t, create);
      for (let number = 0; number < 120; number++) await announce(number, { want: 0 });

      assert.equal((await announce(200)).peers.length, 50);
      assert.equal((await announce(201, { want: 1000 })).peers.length, 50);
      assert.equal((await announce(202, { want: 7 })).peers.length, 7);
      assert.deepEqual((await announce(203, { want: 0, origin })).peers, []);
      assert.equal(new Set(hosts(await announce(204))).size, 50);
    });

    test('an answer keeps the peers that were given before, as long as they are there', async (t) => {
      const { announce, table } = setUp(t, create);
      for (let number = 0; number < 200; number++) await announce(number);
      const first = hosts(await announce(500, { want: 30 }));
      const second = hosts(await announce(500, { want: 40 }));

      assert.equal(second.length, 40);
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
        const { peers } = await announce(number, { want: 20 });
        for (const peer of peers) {
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

    test('a peer that accepts no connections is given peers, and to nobody', async (t) => {
      const { announce, table } = setUp(t, create);
      await announce(1);
      const deaf = { address: { host: '10.9.9.9', port: 0 } };

      assert.deepEqual((await announce(0, deaf)).peers, [address(1)]);
      assert.deepEqual((await announce(1)).peers, []);
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
      assert.deepEqual((await announce(6, {}, otherTorrent)).peers, []);
      assert.equal((await table.figures(otherTorrent)).incomplete, 1);
      assert.deepEqual((await announce(7)).peers, [address(1)]);
    });
  });
}
