import type { TestContext } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom, type Random } from '../base/random.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import { parseZone, type Zone } from '../torrent/zone.ts';
import type { Introduction, PeerTable, TableAnnounce } from './peer-table.ts';

/** What a table under test is made with. */
export interface PeerTableSetting {
  readonly clock: Clock;
  readonly random: Random;
  readonly peersPerSwarm?: number;
  readonly peers?: number;
}

export const torrent = 'a'.repeat(40) as InfoHash;
export const otherTorrent = 'b'.repeat(40) as InfoHash;
export const origin = { address: { host: '192.0.2.1', port: 6881 }, most: 60 };

export function address(number: number): PeerAddress {
  return { host: `10.0.${number >> 8}.${number & 0xff}`, port: 6881 };
}

export function setUp(
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
export function peers(introduction: Introduction): PeerAddress[] {
  return introduction.peers.map(({ host, port }) => ({ host, port }));
}

export function hosts(introduction: Introduction): string[] {
  return introduction.peers.map(({ host }) => host).toSorted();
}

const zones = Array.from({ length: 10 }, (_, index) => parseZone(`zone-${index}`));

export function zoneOf(index: number): Zone {
  return zones[index] as Zone;
}

export function isOdd(host: string): boolean {
  return Number(host.split('.')[3]) % 2 === 1;
}
