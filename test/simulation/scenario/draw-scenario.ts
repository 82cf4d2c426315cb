import { randomInteger, seededRandom, shuffled, type Random } from '../../../src/base/random.ts';
import { parseZone } from '../../../src/torrent/zone.ts';
import { behaviours, type BehaviourName } from '../actors/behaviours.ts';
import type { DiskNature } from '../world/memory-disk.ts';
import type { NetworkNature } from '../world/memory-network.ts';
import type { BlobPlan } from './blob.ts';
import { drawFaults } from './draw-faults.ts';
import { one } from './draw.ts';
import type { ActorPlan, HostPlan, Scenario } from './scenario.ts';

/** What a caller wants of a scenario; the rest is drawn. */
export interface Wishes {
  /** Machines with the real engine, the registry included. */
  readonly hosts?: number | undefined;
  /** No fault, no enemy, no bad disk. */
  readonly isCalm?: boolean | undefined;
}

const kibi = 1024;

/** The scenario of a seed: the same for the same seed and wishes, on every machine. */
export function drawScenario(seed: number, wishes: Wishes = {}): Scenario {
  const random = seededRandom(seed);
  const count = wishes.hosts ?? 2 + Math.floor(random() ** 2 * 11);
  const isCalm = wishes.isCalm ?? random() < 0.1;
  const blobs = drawBlobs(random);
  /** Bytes a millisecond of a usual link. */
  const pace = 10 ** (1 + 2 * random()) * kibi * 0.1;
  const hosts = drawHosts(random, count, pace, isCalm);
  const bytes = blobs.reduce((sum, { length }) => sum + length, 0);
  return {
    seed,
    blobs,
    network: drawNetwork(random, count > 20),
    hosts,
    actors: isCalm ? [] : drawActors(random, pace, count, blobs.length),
    faults: isCalm ? [] : drawFaults(random, hosts, bytes / pace),
  };
}

function drawBlobs(random: Random): BlobPlan[] {
  const count = random() < 0.7 ? 1 : 2 + randomInteger(random, 4);
  return Array.from({ length: count }, () => ({
    length: Math.max(1, Math.floor(((0.02 + 0.98 * random()) * 1_000 * kibi) / Math.sqrt(count))),
    pieceLength: one(random, [16, 32, 64, 128, 256]) * kibi,
    isOld: random() < 0.1,
  }));
}

function drawNetwork(random: Random, isLarge: boolean): NetworkNature {
  return {
    latency: [0.05, one(random, [0.2, 1, 5, 60, 200])],
    fragment: isLarge ? 64 * kibi : one(random, [1_000, 9_000, 64 * kibi, 300 * kibi]),
    window: one(random, [16, 64, 256, 1024]) * kibi,
    highWaterMark: one(random, [1, 16, 64, 1024]) * kibi,
  };
}

function drawHosts(random: Random, count: number, pace: number, isCalm: boolean): HostPlan[] {
  const names = Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}`);
  const isTrackerless = random() < 0.2;
  const webSeeds = one(random, [0, 0, 0.5, 1]);
  const zones = random() < 0.7 ? [undefined] : [parseZone('east'), parseZone('west'), undefined];
  return names.map((host, index) => {
    const isSlow = random() < 0.1;
    const rate = (isSlow ? 0.15 : 1) * pace * (0.7 + 0.6 * random());
    const limit = (): number | undefined =>
      random() < 0.15 ? rate * 1000 * (0.3 + random()) : undefined;
    return {
      host,
      isOrigin: index === 0,
      startsAt: index === 0 ? 0 : drawStart(random),
      link: { up: rate * (random() < 0.1 ? 0.3 : 1), down: rate },
      disk: drawDisk(random, index === 0 || isCalm),
      limits: { upload: limit(), download: limit() },
      uploadSlots: one(random, [1, 3, 4, 8]),
      hasTracker: !isTrackerless,
      hasWebSeed: random() < webSeeds,
      knows: isTrackerless || random() < 0.1 ? knownTo(random, names, host) : [],
      isReader: random() < 0.3,
      zone: one(random, zones),
      keepsId: random() < 0.3,
    };
  });
}

/** Most hosts start together, some late, and some when the others have long been done and idle. */
function drawStart(random: Random): number {
  const chance = random();
  if (chance < 0.8) return random() * 300;
  return chance < 0.97 ? random() * 8_000 : 60_000 + random() * 60_000;
}

function knownTo(random: Random, names: readonly string[], host: string): string[] {
  const others = shuffled(
    random,
    names.filter((name) => name !== host),
  );
  return [...new Set([names[0] as string, ...others.slice(0, randomInteger(random, 5))])].filter(
    (name) => name !== host,
  );
}

function drawDisk(random: Random, isGood: boolean): DiskNature {
  const isBad = !isGood && random() < 0.04;
  const isRotten = isBad && random() < 0.5;
  const latencies = [
    [0.01, 0.1],
    [0.1, 5],
    [1, 40],
  ] as const;
  return {
    latency: one(random, latencies),
    cached: one(random, [0, 0.5, 0.95]),
    isFull: false,
    failing: isBad && !isRotten ? 0.05 : 0,
    rotten: isRotten ? 0.2 : 0,
  };
}

function drawActors(random: Random, pace: number, hosts: number, blobs: number): ActorPlan[] {
  if (random() < 0.35) return [];
  const count = 1 + randomInteger(random, Math.max(1, Math.min(8, Math.ceil(hosts / 3))));
  const names = Object.keys(behaviours) as BehaviourName[];
  return Array.from({ length: count }, (_, index) => {
    const behaviour = one(random, names);
    const identity = one(random, ['own', 'own', 'new', 'stolen']);
    return {
      host: `10.0.1.${index + 1}`,
      startsAt: random() * 1_500,
      link: { up: pace, down: pace },
      behaviour,
      blob: randomInteger(random, blobs),
      abilities: { fast: behaviour === 'rejecter' || random() < 0.6, extended: random() < 0.6 },
      dials: random() < 0.6,
      again: one(random, [500, 3_000, 20_000]),
      // Slots are shared by peer id: under ever new ids a few that do not read hold an origin with one slot for minutes.
      identity: behaviour === 'deaf' && identity === 'new' ? 'own' : identity,
    };
  });
}
