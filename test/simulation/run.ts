import { ActorHost } from './actors/actor-host.ts';
import { behaviours } from './actors/behaviours.ts';
import { EngineHost, peerPort } from './hosts/engine-host.ts';
import { blobOf } from './scenario/blob.ts';
import { planFault } from './scenario/faults.ts';
import type { Scenario } from './scenario/scenario.ts';
import { servicePort } from './services/exchange.ts';
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
  /** Virtual milliseconds until the last healthy host had the blob; undefined: one never had. */
  readonly completeAt: number | undefined;
}

/** Milliseconds between two looks at what needs no look after every event. */
const lookEvery = 250;
/** More events than any scenario needs: something runs in circles. */
const mostEvents = 20_000_000;

/** Plays a scenario with the real engine, and looks after every event whether something is that must never be. */
export async function runScenario(
  scenario: Scenario,
  print?: (line: string) => void,
): Promise<RunResult> {
  const blob = blobOf(scenario.blob.length, scenario.blob.pieceLength, scenario.blob.isOld);
  const world = new World(scenario.seed, scenario.network, blob, print);
  const onRejection = (error: unknown): void =>
    world.wrong('process', `unhandled rejection: ${inspect(error)}`);
  process.on('unhandledRejection', onRejection);
  try {
    return await withoutReality(() => play(scenario, world));
  } catch (error) {
    world.wrong('process', `uncaught: ${inspect(error)}`);
    return result(world, undefined);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
}

async function play(scenario: Scenario, world: World): Promise<RunResult> {
  const { timeline, network } = world;
  const touched = new Set<Conduct>();
  const [registry] = scenario.hosts;
  if (registry === undefined) throw new Error('a scenario without hosts');
  const hosts = new Map(
    scenario.hosts.map((plan) => [plan.host, new EngineHost(world, plan, registry.host, touched)]),
  );
  const engines = [...hosts.values()];
  const origin = hosts.get(registry.host) as EngineHost;
  const random = world.random();
  const actors = scenario.actors.map(
    (plan) =>
      new ActorHost(
        world,
        plan,
        registry.host,
        () => (engines[Math.floor(random() * engines.length)] as EngineHost).id,
      ),
  );
  network.watch = (end, isOutgoing) => {
    if (isOutgoing ? end.remote.port !== servicePort : end.localPort === peerPort)
      hosts.get(end.station.host)?.watch(end);
  };
  for (const host of engines) timeline.plan(host.plan.startsAt, () => host.startFirst());
  for (const actor of actors) timeline.plan(actor.plan.startsAt, () => void actor.start());
  for (const fault of scenario.faults) planFault(fault, { world, hosts, origin, random });

  const lastFault = Math.max(
    0,
    ...scenario.faults.map((fault) => ('until' in fault ? fault.until : fault.at)),
  );
  const bound = lastFault + patience(scenario);
  let nextLook = 0;
  const settled = (): void => {
    world.mark(timeline.now * 1000);
    for (const conduct of touched) conduct.settled();
    touched.clear();
    if (timeline.now < nextLook) return;
    nextLook = timeline.now + lookEvery;
    for (const host of engines) host.check(timeline.now);
    if (timeline.count > mostEvents) throw new Error(`${timeline.count} events`);
  };
  const isFetched = (): boolean =>
    timeline.now >= lastFault && engines.every((host) => host.isComplete || !host.isExpectedToEnd);
  await timeline.run(
    () => world.violations.length > 0 || timeline.now > bound || isFetched(),
    settled,
  );
  const isDone = isFetched();
  const completeAt = isDone ? Math.max(...engines.map((host) => host.completeAt ?? 0)) : undefined;
  if (world.violations.length === 0) {
    if (!isDone) {
      const late = engines.filter((host) => host.isExpectedToEnd && !host.isComplete);
      for (const host of late)
        world.wrong(
          host.plan.host,
          `it lacks the blob after ${Math.round(bound)} ms: ${host.state()}`,
        );
    }
    checkEnd(world, engines, scenario, (name) => behaviours[name]);
  }
  if (world.violations.length === 0) {
    // Connections and timers may not outlive their program.
    for (const host of engines) host.close();
    await timeline.run(
      () => engines.every((host) => !host.isRunning) || timeline.now > bound + 100_000,
      settled,
    );
  }
  for (const actor of actors) actor.close();
  return result(world, completeAt);
}

/** Milliseconds that a swarm like this may take, with all that the engine waits for before it tries another way. */
function patience({ hosts, blob }: Scenario): number {
  const slowest = Math.min(
    ...hosts.map(({ link, limits }) =>
      Math.min(
        link.up,
        link.down,
        (limits.upload ?? Infinity) / 1000,
        (limits.download ?? Infinity) / 1000,
      ),
    ),
  );
  return 150_000 + 10 * (blob.length / slowest) * Math.log2(hosts.length + 1);
}

function result(world: World, completeAt: number | undefined): RunResult {
  const { violations, fingerprint, timeline } = world;
  return { violations, fingerprint, events: timeline.count, completeAt };
}

function inspect(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
