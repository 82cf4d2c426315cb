import { ActorHost } from './actors/actor-host.ts';
import { EngineHost } from './hosts/engine-host.ts';
import { peerPort } from './hosts/engine-life.ts';
import { blobsOf } from './scenario/blob.ts';
import { planFault } from './scenario/faults.ts';
import { lastFault, patience } from './scenario/patience.ts';
import type { Scenario } from './scenario/scenario.ts';
import { one } from './scenario/draw.ts';
import { servicePort } from './services/exchange.ts';
import type { Zone } from '../../src/torrent/zone.ts';
import { checkEnd } from './watch/check-end.ts';
import type { Conduct } from './watch/conduct.ts';
import { withoutReality } from './world/reality.ts';
import { World, type Violation } from './world/world.ts';

/** What became of one run. */
export interface RunResult {
  readonly violations: readonly Violation[];
  /** How much happened, and a number for all of it: the same in every run of one seed. */
  readonly events: number;
  readonly fingerprint: number;
  /** Virtual milliseconds until the last host had all blobs. */
  readonly completeAt: number;
  /** Bytes of all kinds that were sent to hosts in each zone from outside it. */
  readonly crossed: ReadonlyMap<Zone, number>;
}

/** Milliseconds between two looks at what needs no look after every event. */
const lookEvery = 250;
/** Milliseconds in which everything must have closed. */
const closedWithin = 100_000;
/** More events than any scenario needs: something runs in circles. */
const mostEvents = 50_000_000;

/** Plays a scenario with the real engine, and looks after every event whether something is that must never be. */
export async function runScenario(
  scenario: Scenario,
  print?: (line: string) => void,
): Promise<RunResult> {
  const world = new World(scenario.seed, scenario.network, blobsOf(scenario.blobs), print);
  const crossed = countCrossings(scenario, world);
  const onRejection = (error: unknown): void =>
    world.wrong('process', `unhandled rejection: ${inspect(error)}`);
  process.on('unhandledRejection', onRejection);
  let completeAt = 0;
  try {
    completeAt = await withoutReality(() => play(scenario, world));
  } catch (error) {
    world.wrong('process', `uncaught: ${inspect(error)}`);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  const { violations, fingerprint, timeline } = world;
  return { violations, fingerprint, events: timeline.count, completeAt, crossed };
}

async function play(scenario: Scenario, world: World): Promise<number> {
  const { timeline, violations } = world;
  const touched = new Set<Conduct>();
  const { hosts, actors } = populate(scenario, world, touched);
  let nextLook = 0;
  const settled = (): void => {
    world.mark(timeline.now * 1000);
    for (const conduct of touched) conduct.settled();
    touched.clear();
    if (timeline.now < nextLook) return;
    nextLook = timeline.now + lookEvery;
    for (const host of hosts) host.check(timeline.now);
    if (timeline.count > mostEvents) throw new Error(`${timeline.count} events`);
  };
  const isOver = (): boolean => violations.length > 0;
  const bound = patience(scenario);
  const earliest = lastFault(scenario);
  world.quietFrom = earliest;
  const late = (): EngineHost[] => hosts.filter((host) => host.isExpectedToEnd && !host.isComplete);
  await timeline.run(
    () => isOver() || timeline.now > bound || (timeline.now >= earliest && late().length === 0),
    settled,
  );
  if (!isOver()) {
    const seconds = Math.round(bound / 1000);
    for (const host of late()) host.wrong(`it lacks a blob after ${seconds} s: ${host.state()}`);
    checkEnd(hosts, scenario.actors);
  }
  const times = hosts.flatMap(({ completeAt }) => [...completeAt.values()]);
  if (!isOver()) {
    for (const host of hosts) host.finish();
    const end = timeline.now + closedWithin;
    await timeline.run(
      () => isOver() || timeline.now > end || hosts.every((host) => !host.isRunning),
      settled,
    );
    for (const host of hosts) if (host.isRunning) host.wrong('it never closes');
  }
  for (const actor of actors) actor.close();
  return Math.max(...times);
}

function countCrossings({ hosts }: Scenario, { network }: World): ReadonlyMap<Zone, number> {
  const zones = new Map(hosts.map(({ host, zone }) => [host, zone]));
  const crossed = new Map<Zone, number>();
  network.carried = (from, to, bytes) => {
    const zone = zones.get(to);
    if (zone === undefined || zones.get(from) === zone) return;
    crossed.set(zone, (crossed.get(zone) ?? 0) + bytes);
  };
  return crossed;
}

/** Puts all machines of a scenario into its world, and plans when each starts, and what goes wrong. */
function populate(
  scenario: Scenario,
  world: World,
  touched: Set<Conduct>,
): { readonly hosts: readonly EngineHost[]; readonly actors: readonly ActorHost[] } {
  const { timeline, network } = world;
  const origin = scenario.hosts[0]?.host ?? '';
  const hosts = scenario.hosts.map((plan) => new EngineHost(world, plan, origin, touched));
  const byName = new Map(hosts.map((host) => [host.plan.host, host]));
  const registry = byName.get(origin);
  if (registry === undefined) throw new Error('a scenario without hosts');
  const random = world.random();
  const stolen = (): EngineHost['id'] => one(random, hosts).id;
  const actors = scenario.actors.map((plan) => new ActorHost(world, plan, origin, stolen));
  network.watch = (end, isOutgoing) => {
    const isPeer = isOutgoing ? end.remote.port !== servicePort : end.localPort === peerPort;
    if (isPeer) byName.get(end.station.host)?.watch(end);
  };
  for (const host of hosts) timeline.plan(host.plan.startsAt, () => host.startFirst());
  for (const actor of actors) timeline.plan(actor.plan.startsAt, () => void actor.start());
  for (const fault of scenario.faults)
    planFault(fault, { world, hosts: byName, origin: registry, random });
  return { hosts, actors };
}

function inspect(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
