import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BehaviourName } from './actors/behaviours.ts';
import { runScenario } from './run.ts';
import type { ActorPlan, HostPlan, Scenario } from './scenario/scenario.ts';

const link = { up: 1_000, down: 1_000 };
const seeds = [1, 2, 3, 4, 5, 6];

function host(index: number): HostPlan {
  return {
    host: `10.0.0.${index + 1}`,
    isOrigin: index === 0,
    startsAt: index === 0 ? 0 : 50 * index,
    link,
    disk: { latency: [0.1, 1], cached: 0.5, isFull: false, failing: 0, rotten: 0 },
    limits: { upload: undefined, download: undefined },
    uploadSlots: 4,
    hasTracker: true,
    hasWebSeed: true,
    knows: [],
    isReader: false,
    zone: undefined,
    keepsId: false,
  };
}

/** A registry and four hosts that fetch 4 MB over links of 1 MB/s, and who else takes part. */
function swarm(seed: number, actors: readonly ActorPlan[]): Scenario {
  return {
    seed,
    blobs: [{ length: 4_000_000, pieceLength: 65_536, isOld: false }],
    network: { latency: [0.05, 1], fragment: 65_536, window: 262_144, highWaterMark: 65_536 },
    hosts: [0, 1, 2, 3, 4].map(host),
    actors,
    faults: [],
  };
}

function liar(behaviour: BehaviourName, identity: 'own' | 'new'): ActorPlan {
  return {
    host: '10.0.1.1',
    startsAt: 100,
    link,
    behaviour,
    blob: 0,
    abilities: { fast: true, extended: true },
    dials: true,
    again: 500,
    identity,
  };
}

/** Milliseconds until the last host has the blob, over some runs, in the middle. */
async function takes(actors: readonly ActorPlan[]): Promise<number> {
  const times: number[] = [];
  for (const seed of seeds) {
    const { completeAt, violations } = await runScenario(swarm(seed, actors));
    assert.deepEqual(violations, []);
    assert.ok(completeAt !== undefined);
    times.push(completeAt);
  }
  return times.toSorted((a, b) => a - b)[seeds.length >> 1] ?? Infinity;
}

suite(
  'one of five peers that lies, or says that it has everything and gives nothing',
  { timeout: 120_000 },
  () => {
    const without = takes([]);
    // A fifth of the swarm's links is a quarter of the time. Who stalls or dribbles holds up the end besides.
    for (const [behaviour, bound] of [
      ['wholeLiar', 1.25],
      ['blockLiar', 1.25],
      ['rejecter', 1.25],
      ['staller', 1.75],
      ['dribbler', 1.75],
    ] as const) {
      for (const identity of ['own', 'new'] as const) {
        const name = identity === 'own' ? 'one name' : 'ever new names';
        test(`slows the others by little more than its share at most: ${behaviour} under ${name}`, async () => {
          const ratio = (await takes([liar(behaviour, identity)])) / (await without);
          assert.ok(ratio < bound, `${ratio.toFixed(2)} times as long`);
        });
      }
    }
  },
);
