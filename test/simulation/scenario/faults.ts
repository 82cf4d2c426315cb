import type { Random } from '../../../src/base/random.ts';
import type { EngineHost } from '../hosts/engine-host.ts';
import type { World } from '../world/world.ts';
import type { Fault } from './scenario.ts';

/** Who can suffer. */
export interface Victims {
  readonly world: World;
  readonly hosts: ReadonlyMap<string, EngineHost>;
  /** The registry. */
  readonly origin: EngineHost;
  readonly random: Random;
}

type Undo = () => void;
type Begin<Kind extends Fault['kind']> = (
  fault: Extract<Fault, { kind: Kind }>,
  victims: Victims,
) => Undo;

const nothing: Undo = () => {};

/** What happens when each fault begins; gives what to do when it ends. */
const begin: { readonly [Kind in Fault['kind']]: Begin<Kind> } = {
  kill(fault, victims) {
    const host = hostOf(victims, fault.host);
    host.kill(fault.power);
    return () => host.start();
  },
  gone(fault, victims) {
    hostOf(victims, fault.host).leaveForGood(fault.power);
    return nothing;
  },
  close(fault, victims) {
    const host = hostOf(victims, fault.host);
    host.close();
    return () => host.start();
  },
  pause(fault, victims) {
    hostOf(victims, fault.host).process?.stop(fault.until - fault.at);
    return nothing;
  },
  partition(fault, { world: { network } }) {
    const apart = new Set(fault.apart);
    const names = [...network.stations.keys()];
    const ways = names.flatMap((from) =>
      names.filter((to) => apart.has(from) !== apart.has(to)).map((to) => [from, to] as const),
    );
    for (const [from, to] of ways) network.cut(from, to);
    return () => {
      for (const [from, to] of ways) network.mend(from, to);
    };
  },
  oneWay(fault, { world: { network } }) {
    network.cut(fault.from, fault.to);
    return () => network.mend(fault.from, fault.to);
  },
  resets(fault, { world: { network }, random }) {
    for (const station of network.stations.values())
      for (const end of station.ends) if (random() < fault.share / 2) network.break(end);
    return nothing;
  },
  slow(fault, victims) {
    const { station, plan } = hostOf(victims, fault.host);
    station.rates = { up: plan.link.up / 20, down: plan.link.down / 20 };
    return () => (station.rates = plan.link);
  },
  tracker(fault, { origin }) {
    origin.services.tracker = fault.state;
    return () => (origin.services.tracker = 'up');
  },
  webSeed(fault, { origin }) {
    origin.services.webSeed = fault.state;
    return () => (origin.services.webSeed = 'up');
  },
  diskFull(fault, victims) {
    const { nature } = hostOf(victims, fault.host).disk;
    nature.isFull = true;
    return () => (nature.isFull = false);
  },
  diskSlow(fault, victims) {
    const { disk, plan } = hostOf(victims, fault.host);
    disk.nature.latency = [50, 400];
    return () => (disk.nature.latency = plan.disk.latency);
  },
};

/** Plans a fault, and its end. */
export function planFault(fault: Fault, victims: Victims): void {
  const { timeline } = victims.world;
  timeline.plan(fault.at, () => {
    victims.world.trace('fault', () => JSON.stringify(fault));
    const undo = (begin[fault.kind] as (fault: Fault, victims: Victims) => Undo)(fault, victims);
    if (!('until' in fault)) return;
    timeline.plan(fault.until, () => {
      victims.world.trace('fault', () => `over: ${fault.kind}`);
      undo();
    });
  });
}

function hostOf({ hosts }: Victims, name: string): EngineHost {
  const host = hosts.get(name);
  if (host === undefined) throw new Error(`there is no ${name}`);
  return host;
}
