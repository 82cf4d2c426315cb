import { randomInteger, seededRandom, shuffled } from '../../src/base/random.ts';
import type { Geometry } from '../../src/torrent/geometry.ts';
import { pieceLengthFor } from '../../src/torrent/piece-length.ts';
import { parseZone } from '../../src/torrent/zone.ts';
import { Blocks } from './blocks.ts';
import { Board } from './board.ts';
import { EventQueue } from './event-queue.ts';
import { Link } from './link.ts';
import type { Tuning, World } from './model.ts';
import { SimHost } from './sim-host.ts';
import { SimTracker } from './sim-tracker.ts';

/** What is simulated. Bytes, bytes a second, milliseconds, percent. */
export interface Scenario {
  readonly hosts: number;
  readonly size: number;
  readonly layers: number;
  readonly rate: number;
  readonly originRate: number;
  readonly latency: number;
  readonly zones: number;
  /** What the link between each zone and the rest carries; undefined: as much as there is. */
  readonly between: number | undefined;
  readonly slow: number;
  readonly churn: number;
  readonly stagger: number;
  readonly seed: number;
  /** Bytes of a block; undefined: what is fine enough. */
  readonly block: number | undefined;
  readonly tuning: Tuning;
}

/** How it went. Seconds, and copies of all that is deployed. */
export interface Outcome {
  readonly bound: number;
  /** When each host was complete, from its own start on, soonest first; only those that are not slow and were not killed. */
  readonly healthy: readonly number[];
  /** When each host was complete, from the beginning on, soonest first. */
  readonly all: readonly number[];
  readonly unfinished: number;
  readonly originCopies: number;
  /** Copies that came into each zone from outside it. */
  readonly zoneCopies: readonly number[];
  /** Bytes that came in vain, for each that was wanted. */
  readonly waste: number;
  readonly announcesPeak: number;
  readonly announcesMean: number;
  readonly events: number;
}

/** Nothing is simulated for longer than this many times the bound. */
const longest = 50;

/** Deploys blobs to many hosts in a model of their network, deciding as the product does. The same seed gives the same. */
export function simulate(scenario: Scenario): Outcome {
  const { hosts: hostCount, rate, size, layers } = scenario;
  const random = seededRandom(scenario.seed);
  const queue = new EventQueue();
  const hosts: SimHost[] = [];
  const geometry = geometryOf(Math.ceil(size / layers));
  const blockLength = scenario.block ?? geometry.pieceLength;
  const blocks = new Blocks(geometry, blockLength);
  let left = hostCount;
  const world: World = {
    queue,
    random,
    tracker: new SimTracker(queue, random, scenario.latency, hosts),
    board: new Board((hostCount + 1) * layers, geometry.pieceCount),
    blobs: Array.from({ length: layers }, () => ({ geometry, blocks })),
    blockLength,
    isZoned: scenario.zones > 0,
    latency: scenario.latency,
    tuning: scenario.tuning,
    completed: () => left--,
  };
  const zones = Array.from({ length: scenario.zones }, (_, index) => ({
    name: parseZone(`zone-${index}`),
    links:
      scenario.between === undefined
        ? undefined
        : { in: new Link(scenario.between / 1000), out: new Link(scenario.between / 1000) },
  }));
  const share = (percent: number): number => Math.round((hostCount * percent) / 100);
  const drawn = shuffled(
    random,
    Array.from({ length: hostCount }, (_, index) => index + 1),
  );
  const slow = new Set(drawn.slice(0, share(scenario.slow)));
  const killed = drawn.slice(-share(scenario.churn) || drawn.length);
  for (let number = 0; number <= hostCount; number++) {
    const isOrigin = number === 0;
    const zone = isOrigin ? undefined : zones[(number - 1) % Math.max(1, zones.length)];
    const full = (isOrigin ? scenario.originRate : rate) / 1000;
    const plan = {
      number,
      isOrigin,
      rate: slow.has(number) ? full / 10 : full,
      zone: zone?.name,
      zoneLinks: zone?.links,
    };
    const host = new SimHost(plan, world);
    hosts.push(host);
  }
  const bound = (size / Math.min(rate, scenario.originRate)) * 1000;
  const startAt = hosts.map(({ plan }) =>
    plan.isOrigin || scenario.stagger === 0 ? 0 : random() * scenario.stagger,
  );
  for (const host of hosts)
    queue.at(startAt[host.plan.number] ?? 0, { happen: () => host.start() });
  for (const number of killed) {
    const host = hosts[number];
    if (host === undefined) continue;
    const at = (startAt[number] ?? 0) + random() * bound;
    queue.at(at, { happen: () => host.kill() });
    queue.at(at + 2_000 + randomInteger(random, 3_000), { happen: () => host.restart() });
  }
  const isOver = (): boolean => left === 0 || queue.now >= bound * longest;
  while (!isOver() && queue.step());
  void world.tracker.close();
  return outcomeOf(scenario, hosts, {
    bound,
    startAt,
    isHealthy: (number) => !slow.has(number) && !killed.includes(number),
    announces: world.tracker.announces,
    events: queue.count,
    zoneNames: zones.map(({ name }) => name),
  });
}

function geometryOf(length: number): Geometry {
  const pieceLength = pieceLengthFor(length);
  return { length, pieceLength, pieceCount: Math.ceil(length / pieceLength) };
}

function outcomeOf(
  { size }: Scenario,
  [origin, ...hosts]: readonly SimHost[],
  run: {
    readonly bound: number;
    readonly startAt: readonly number[];
    readonly isHealthy: (number: number) => boolean;
    readonly announces: readonly (number | undefined)[];
    readonly events: number;
    readonly zoneNames: readonly string[];
  },
): Outcome {
  const done = hosts.filter((host) => host.completeAt !== undefined);
  const seconds = (host: SimHost, since: number): number => ((host.completeAt ?? 0) - since) / 1000;
  const sorted = (times: number[]): readonly number[] => times.sort((a, b) => a - b);
  const came = hosts.length * size;
  const announces = Array.from(run.announces, (count) => count ?? 0);
  const total = announces.reduce((sum, count) => sum + count, 0);
  return {
    bound: run.bound / 1000,
    all: sorted(done.map((host) => seconds(host, 0))),
    healthy: sorted(
      done
        .filter(({ plan }) => run.isHealthy(plan.number))
        .map((host) => seconds(host, run.startAt[host.plan.number] ?? 0)),
    ),
    unfinished: hosts.length - done.length,
    originCopies: (origin?.sentBytes ?? 0) / size,
    zoneCopies: run.zoneNames.map(
      (name) =>
        hosts
          .filter(({ plan }) => plan.zone === name)
          .reduce((sum, host) => sum + host.crossedBytes, 0) / size,
    ),
    waste: hosts.reduce((sum, host) => sum + host.wastedBytes, 0) / came,
    announcesPeak: Math.max(0, ...announces),
    announcesMean: total / Math.max(1, announces.length),
    events: run.events,
  };
}
