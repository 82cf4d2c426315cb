import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseZone, type Zone } from '../../src/torrent/zone.ts';
import { runScenario } from './run.ts';
import type { Fault, HostPlan, Scenario } from './scenario/scenario.ts';

const length = 4_000_000;
const zones = [parseZone('east'), parseZone('west')];
const hostsOfZone = 10;

/** The hosts of a zone; the first six are the first to come, and so its gateways. */
function hostsOf(zone: Zone | undefined): readonly string[] {
  const number = zone === undefined ? 0 : 1 + zones.indexOf(zone);
  return Array.from({ length: hostsOfZone }, (_, index) => `10.0.${number}.${index + 1}`);
}

function plan(host: string, startsAt: number, zone: Zone | undefined, isOrigin = false): HostPlan {
  return {
    host,
    isOrigin,
    startsAt,
    link: { up: 1_000, down: 1_000 },
    disk: { latency: [0.1, 1], cached: 0.5, isFull: false, failing: 0, rotten: 0 },
    limits: { upload: undefined, download: undefined },
    uploadSlots: 6,
    hasTracker: true,
    hasWebSeed: false,
    knows: [],
    isReader: false,
    zone,
    keepsId: false,
  };
}

/** A registry outside and two zones whose hosts fetch 4 MB over links of 1 MB/s. */
function deployment(seed: number, faults: readonly Fault[], hasWebSeed = false): Scenario {
  const hosts = zones.flatMap((zone, order) =>
    hostsOf(zone).map((host, index) => plan(host, 10 * index + order, zone)),
  );
  return {
    seed,
    blobs: [{ length, pieceLength: 32_768, isOld: false }],
    network: { latency: [0.1, 1], fragment: 65_536, window: 262_144, highWaterMark: 65_536 },
    hosts: [plan('10.0.0.1', 0, undefined, true), ...hosts.map((one) => ({ ...one, hasWebSeed }))],
    actors: [],
    faults,
  };
}

interface Run {
  /** Seconds until the last host had all. */
  readonly seconds: number;
  /** Copies that came into each zone, with all that is said besides. */
  readonly copies: readonly number[];
}

async function play(scenario: Scenario): Promise<Run> {
  const { violations, completeAt, crossed } = await runScenario(scenario);
  assert.deepEqual(violations.slice(0, 3), []);
  const copies = zones.map((zone) => (crossed.get(zone) ?? 0) / length);
  return { seconds: completeAt / 1000, copies };
}

suite('zones', { timeout: 120_000 }, () => {
  test('about one copy crosses into each zone, and all have it soon', async () => {
    for (const seed of [1, 2, 3]) {
      const { seconds, copies } = await play(deployment(seed, []));
      assert.ok(Math.max(...copies) < 1.35, `${copies.join(' ')} copies`);
      assert.ok(seconds < 7, `${seconds} s`);
    }
  });

  test('a zone in which a gateway dies without a word has all as soon, with little more', async () => {
    for (const seed of [1, 2, 3]) {
      const faults = [{ kind: 'gone', at: 1_500, host: '10.0.1.2', power: true }] as const;
      const { seconds, copies } = await play(deployment(seed, faults));
      assert.ok(Math.max(...copies) < 1.35, `${copies.join(' ')} copies`);
      assert.ok(seconds < 20, `${seconds} s`);
    }
  });

  test('a zone whose gateways all die gets others', async () => {
    for (const seed of [1, 2]) {
      const faults = hostsOf(zones[0])
        .slice(0, 6)
        .map((host): Fault => ({ kind: 'gone', at: 1_500, host, power: true }));
      const { seconds, copies } = await play(deployment(seed, faults));
      assert.ok(Math.max(...copies) < 1.75, `${copies.join(' ')} copies`);
      assert.ok(seconds < 110, `${seconds} s`);
    }
  });

  for (const hasWebSeed of [false, true]) {
    const name = hasWebSeed ? ', though all could ask the registry' : '';
    test(`a zone that is cut off for a while goes on where it was${name}`, async () => {
      for (const seed of [1, 2]) {
        const apart = hostsOf(zones[0]);
        const faults = [{ kind: 'partition', at: 1_500, until: 41_500, apart }] as const;
        const { seconds, copies } = await play(deployment(seed, faults, hasWebSeed));
        assert.ok(Math.max(...copies) < 1.75, `${copies.join(' ')} copies`);
        assert.ok(seconds < 75, `${seconds} s`);
      }
    });
  }
});
