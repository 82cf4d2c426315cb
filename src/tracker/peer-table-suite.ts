import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom, type Random } from '../base/random.ts';
import { compactRows } from '../torrent/compact-peers.ts';
import { addressKey, type InfoHash, type PeerAddress } from '../torrent/ids.ts';
import { parseZone, type Zone } from '../torrent/zone.ts';
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
    announce: async (number, change, infoHash = torrent) =>
      await table.announce(infoHash, {
        address: address(number),
        zone: undefined,
        isComplete: false,
        left: 1,
        want: undefined,
        lifetime: 75_000,
        ...change,
      }),
  };
}

/** The peers as anybody else writes them down. */
function peers(introduction: Introduction): PeerAddress[] {
  return introduction.peers.map(({ host, port }) => ({ host, port }));
}

function hosts(introduction: Introduction): string[] {
  return introduction.peers.map(({ host }) => host).toSorted();
}

const zones = Array.from({ length: 10 }, (_, index) => parseZone(`zone-${index}`));

function zoneOf(index: number): Zone {
  return zones[index] as Zone;
}

function isOdd(host: string): boolean {
  return Number(host.split('.')[3]) % 2 === 1;
}

/** Who is introduced to whom when so many hosts come, one after another in turn of so many zones. */
async function zonedGraph(
  announce: ReturnType<typeof setUp>['announce'],
  size: number,
  zoneCount: number,
): Promise<readonly { readonly zone: number; readonly neighbours: Set<number> }[]> {
  const graph = Array.from({ length: size }, (_, number) => ({
    zone: number % zoneCount,
    neighbours: new Set<number>(),
  }));
  for (const [number, { zone, neighbours }] of graph.entries()) {
    for (const { host } of (await announce(number, { zone: zoneOf(zone) })).peers) {
      const [, , high, low] = host.split('.');
      const other = 256 * Number(high) + Number(low);
      neighbours.add(other);
      graph[other]?.neighbours.add(number);
    }
  }
  return graph;
}

/** The value below which this part of the values lies. */
function part(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0;
}

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

    test('few hosts of a zone have neighbours outside, of several zones; they all know each other', async (t) => {
      const { announce } = setUp(t, create);
      const graph = await zonedGraph(announce, 800, 4);
      const outside = graph.map(({ zone, neighbours }) =>
        [...neighbours].filter((other) => graph[other]?.zone !== zone),
      );
      const gateways = [...graph.keys()].filter((number) => (outside[number]?.length ?? 0) > 0);

      // The first six of each zone.
      assert.deepEqual(gateways, [...Array(24).keys()]);
      for (const number of gateways) {
        const zonesOutside = outside[number]?.map((other) => graph[other]?.zone) ?? [];
        assert.ok(zonesOutside.length >= 6 && zonesOutside.length <= 20, `${zonesOutside.length}`);
        assert.ok(new Set(zonesOutside).size >= 2, `${number} knows ${zonesOutside.join(' ')}`);
        for (const other of gateways)
          if (other !== number && other % 4 === number % 4)
            assert.ok(graph[number]?.neighbours.has(other), `${number} knows ${other}`);
      }
      const degrees = graph.map(({ neighbours }) => neighbours.size);
      assert.ok(part(degrees, 0) >= 25, `the fewest neighbours: ${part(degrees, 0)}`);
      assert.ok(part(degrees, 1) <= 95, `the most neighbours: ${part(degrees, 1)}`);
    });

    test('when a gateway leaves, falls silent or is done, whoever announces next is one', async (t) => {
      const { announce, table, clock } = setUp(t, create);
      const hasOutside = async (number: number, change: Partial<TableAnnounce> = {}) =>
        hosts(await announce(number, { zone: zoneOf(number % 2), ...change })).some(
          (host) => isOdd(host) !== (number % 2 === 1),
        );
      await zonedGraph(announce, 60, 2);
      assert.equal(await hasOutside(20), false);
      await table.remove(torrent, address(2));
      assert.equal(await hasOutside(20), true);
      assert.equal(await hasOutside(22), false);
      await announce(4, { zone: zoneOf(0), isComplete: true, left: 0 });
      assert.equal(await hasOutside(22), true);
      assert.equal(await hasOutside(24), false);
      // All but one of its zone announce after 35 s, and at 50 s that one counts no more.
      clock.advance(35_000);
      for (let number = 0; number < 60; number++)
        if (number !== 6) await announce(number, { zone: zoneOf(number % 2), left: 0.5 });
      assert.equal(await hasOutside(24), false);
      clock.advance(15_000);
      assert.equal(await hasOutside(24, { left: 0.5 }), true);
      assert.equal(await hasOutside(26, { left: 0.5 }), false);
    });

    test('a zone whose gateways are of no help gets others, but not without end', async (t) => {
      const { announce, clock } = setUp(t, create);
      const gateways = async (left: number): Promise<number> => {
        let count = 0;
        for (let number = 0; number < 100; number += 2) {
          const given = hosts(await announce(number, { zone: zoneOf(0), left }));
          if (given.some(isOdd)) count++;
        }
        return count;
      };
      await zonedGraph(announce, 100, 2);
      assert.equal(await gateways(1), 6);
      clock.advance(30_000);
      assert.equal(await gateways(1), 6);
      clock.advance(15_000);
      assert.equal(await gateways(1), 12);
    });

    test('a zone that has the blob needs no gateway', async (t) => {
      const { announce } = setUp(t, create);
      for (const number of [1, 3, 5]) await announce(number, { zone: zoneOf(1) });
      const done = { zone: zoneOf(0), isComplete: true, left: 0 };
      for (const number of [0, 2]) await announce(number, done);
      assert.ok(hosts(await announce(10, { zone: zoneOf(0), origin })).includes('192.0.2.1'));
      await announce(4, done);
      assert.deepEqual(hosts(await announce(12, { zone: zoneOf(0), origin })), [
        '10.0.0.0',
        '10.0.0.10',
        '10.0.0.2',
        '10.0.0.4',
      ]);
    });

    test('peers without a zone are given those of any', async (t) => {
      const { announce } = setUp(t, create);
      await zonedGraph(announce, 200, 4);
      const zones = hosts(await announce(900)).map((host) => Number(host.split('.')[3]) % 4);
      for (const zone of [0, 1, 2, 3]) {
        assert.ok(
          zones.filter((other) => other === zone).length >= 2,
          `of zone ${zone}: ${zones.join(' ')}`,
        );
      }
      const given = hosts(await announce(901, { zone: zoneOf(0) }));
      for (let number = 902; number < 930; number++) await announce(number);
      assert.equal(given.length, 25);
    });

    test('a host in a small zone finds all of it, and enough outside', async (t) => {
      const { announce } = setUp(t, create);
      await zonedGraph(announce, 200, 1);
      const small = { zone: parseZone('small') };
      for (const number of [500, 501, 502]) await announce(number, small);
      const given = hosts(await announce(500, small));

      assert.ok(given.includes('10.0.1.245') && given.includes('10.0.1.246'));
      assert.deepEqual(
        given.filter((host) => host.startsWith('10.0.0.')),
        [0, 1, 2, 3, 4, 5].map((number) => `10.0.0.${number}`),
        'all gateways of the other zone',
      );
    });

    test('neighbours of a gateway outside that are gone are replaced, by those of the zones that are left', async (t) => {
      const { announce, table } = setUp(t, create);
      await zonedGraph(announce, 400, 2);
      const mine = { zone: zoneOf(0), want: 40 };
      const before = hosts(await announce(0, mine));
      for (let number = 1; number < 400; number += 2) await table.remove(torrent, address(number));
      for (let number = 1000; number < 1040; number++) await announce(number, { zone: zoneOf(7) });
      const after = hosts(await announce(0, mine));

      assert.ok(before.filter(isOdd).length >= 4);
      assert.equal(after.filter((host) => isOdd(host) && host.startsWith('10.0.0.')).length, 0);
      const replaced = after.filter((host) => /^10\.0\.[34]\./.test(host)).length;
      assert.ok(replaced >= 4, after.join(' '));
    });

    test('a gateway that has all the neighbours it wants, but none outside any more, is given some', async (t) => {
      const { announce, table } = setUp(t, create);
      await zonedGraph(announce, 400, 2);
      const mine = { zone: zoneOf(0), want: 20 };
      const before = hosts(await announce(2, mine));
      for (let number = 1; number < 400; number += 2) await table.remove(torrent, address(number));
      for (let number = 1001; number < 1100; number += 2)
        await announce(number, { zone: zoneOf(7) });
      const after = hosts(await announce(2, mine));
      const again = hosts(await announce(2, mine));

      assert.ok(before.filter(isOdd).length >= 2 && before.length === 20);
      assert.equal(after.length, 20);
      assert.ok(after.filter(isOdd).length >= 2, after.join(' '));
      assert.deepEqual(again, after);
    });

    test('a gateway whose zone was the only one is given peers of one that comes later', async (t) => {
      const { announce } = setUp(t, create);
      await zonedGraph(announce, 200, 1);
      const mine = { zone: zoneOf(0), want: 20 };
      for (let round = 0; round < 3; round++) await announce(2, mine);
      for (let number = 1000; number < 1010; number++) await announce(number, { zone: zoneOf(7) });
      const given = hosts(await announce(2, mine));

      assert.ok(given.filter((host) => host.startsWith('10.0.3.')).length >= 2, given.join(' '));
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

    test('a seed outside is better than nobody, and a seed is given none', async (t) => {
      const { announce } = setUp(t, create);
      const done = { isComplete: true };
      for (let number = 0; number < 50; number++)
        await announce(number, { zone: zoneOf(1), ...done });
      for (let number = 50; number < 100; number++) await announce(number, { zone: zoneOf(2) });

      const given = hosts(await announce(50, { zone: zoneOf(2) }));
      assert.ok(
        given.filter((host) => Number(host.split('.')[3]) < 50).length >= 2,
        given.join(' '),
      );
      const toSeed = hosts(await announce(101, { zone: zoneOf(2), ...done }));
      assert.ok(
        toSeed.every((host) => Number(host.split('.')[3]) >= 50),
        toSeed.join(' '),
      );
    });

    test('no zone is without the origin, though one comes long before the others', async (t) => {
      const { announce, table } = setUp(t, create);
      const withOrigin = new Map<number, number[]>();
      const come = async (number: number, zone: number): Promise<void> => {
        const given = hosts(await announce(number, { zone: zoneOf(zone), origin }));
        if (!given.includes(origin.address.host)) return;
        withOrigin.set(zone, [...(withOrigin.get(zone) ?? []), number]);
      };
      for (let number = 0; number < 300; number++) await come(number, 0);
      for (let number = 300; number < 1200; number++) await come(number, 1 + (number % 9));

      const counts = Array.from({ length: 10 }, (_, zone) => withOrigin.get(zone)?.length ?? 0);
      const sum = counts.reduce((total, count) => total + count, 0);
      assert.equal(counts[0], 6, 'the gateways of the first zone');
      assert.ok(Math.min(...counts) >= 2, counts.join(' '));
      assert.ok(sum >= 40 && sum <= 60, `${sum} in all`);

      // The hosts of a zone that have it die; the next of the zone to announce are given it.
      for (const number of withOrigin.get(5) ?? []) await table.remove(torrent, address(number));
      withOrigin.delete(5);
      for (let number = 300; number < 1200; number++) if (number % 9 === 4) await come(number, 5);
      assert.ok((withOrigin.get(5)?.length ?? 0) >= 2);
    });

    test('a host that changes its zone is of the new one', async (t) => {
      const { announce, table } = setUp(t, create);
      for (let number = 0; number < 120; number++)
        await announce(number, { zone: zoneOf(number % 2) });
      await announce(0, { zone: zoneOf(1) });
      const given = hosts(await announce(0, { zone: zoneOf(1) }));

      assert.equal((await table.figures(torrent)).incomplete, 120);
      assert.ok(given.filter(isOdd).length > given.length / 2, given.join(' '));
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
  });
}
