import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseZone } from '../torrent/zone.ts';
import {
  address,
  hosts,
  isOdd,
  origin,
  type PeerTableSetting,
  setUp,
  torrent,
  zoneOf,
} from './peer-table-fixture.ts';
import type { PeerTable, TableAnnounce } from './peer-table.ts';

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

/** The tests of what a peer table gives to hosts in zones. */
export function testZones(create: (setting: PeerTableSetting) => PeerTable): void {
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
    for (let number = 1001; number < 1100; number += 2) await announce(number, { zone: zoneOf(7) });
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

  test('a seed outside is better than nobody, and a seed is given none', async (t) => {
    const { announce } = setUp(t, create);
    const done = { isComplete: true };
    for (let number = 0; number < 50; number++)
      await announce(number, { zone: zoneOf(1), ...done });
    for (let number = 50; number < 100; number++) await announce(number, { zone: zoneOf(2) });

    const given = hosts(await announce(50, { zone: zoneOf(2) }));
    assert.ok(given.filter((host) => Number(host.split('.')[3]) < 50).length >= 2, given.join(' '));
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
}
