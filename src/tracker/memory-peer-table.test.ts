import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { InfoHash } from '../torrent/ids.ts';
import { parseZone } from '../torrent/zone.ts';
import { MemoryPeerTable } from './memory-peer-table.ts';
import { testPeerTable } from './peer-table-suite.ts';

testPeerTable('memory peer table', (setting) => new MemoryPeerTable(setting));

for (const zoneCount of [0, 10, 100]) {
  test(`an announce in a swarm of 20 000 peers in ${zoneCount} zones costs no more than in a small one`, async () => {
    const table = new MemoryPeerTable({ clock: new ManualClock(), random: seededRandom(2) });
    const zones = Array.from({ length: zoneCount }, (_, index) => parseZone(`zone-${index}`));
    const announce = (number: number): unknown =>
      table.announce('c'.repeat(40) as InfoHash, {
        address: {
          host: `10.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`,
          port: 6881,
        },
        zone: zones[number % zoneCount],
        isComplete: false,
        left: 1,
        want: 50,
        lifetime: 75_000,
      });
    const cpuOf = (first: number, last: number): number => {
      const before = process.cpuUsage();
      for (let number = first; number < last; number++) announce(number);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    // The best of some rounds: whatever else the process does in between does not count.
    const bestOf = (first: number, last: number): number => {
      const rounds: number[] = [];
      for (let at = first; at < last; at += 400) rounds.push(cpuOf(at, at + 400));
      return Math.min(...rounds);
    };
    cpuOf(0, 2_000);
    const early = bestOf(2_000, 4_000);
    cpuOf(4_000, 18_000);
    const late = bestOf(18_000, 20_000);
    await table.close();
    // A table that looks at all peers takes six times as long.
    assert.ok(late < 4 * early, `400 announces: ${early} µs of 4000 peers, ${late} µs of 20 000`);
  });
}
