import { linkBridges, linkHost, makeBridge } from '../../test/lab/link.ts';
import { openNamespace } from '../../test/lab/namespace.ts';
import type { Host } from '../../test/lab/hosts.ts';
import type { Workplace } from '../../test/lab/workplace.ts';
import type { HostPlan } from './host-plan.ts';
import { tcRate } from './rate.ts';

export interface FleetHost extends Host {
  readonly plan: HostPlan;
}

export interface Network {
  readonly origin: Host;
  readonly hosts: readonly FleetHost[];
  /** Bytes that went into each zone over its uplink so far, in the order of the zones. */
  zoneBytes(): Promise<readonly number[]>;
}

export interface NetworkOptions {
  readonly hosts: readonly HostPlan[];
  /** Bytes a second of the origin's link. */
  readonly rate: number;
  /** Bytes a second of each zone's one link to the centre. */
  readonly between: number;
}

/**
 * Lays out the hosts as a star: each on a bridge of its zone, those bridges each by one link on the centre's, and there the
 * origin. Without zones all are at the centre. All of it stands inside of namespaces; this machine's network sees nothing.
 */
export async function startNetwork(place: Workplace, options: NetworkOptions): Promise<Network> {
  const zones = [...new Set(options.hosts.map(({ zone }) => zone))].filter(
    (zone) => zone !== undefined,
  );
  const theSwitch = await openNamespace(place, 'switch');
  await makeBridge(place, theSwitch, centre);
  for (const zone of zones) {
    await makeBridge(place, theSwitch, zone);
    const ports = [`to-${zone}`, `from-${zone}`] as const;
    await linkBridges(place, theSwitch, [centre, zone], ports, tcRate(options.between));
  }
  const connect = async (name: string, number: number, bridge: string, rate: number) => {
    const namespace = await openNamespace(place, name);
    const address = `10.77.${number >> 8}.${number & 255}`;
    const link = { bridge, port: `port${number}`, address: `${address}/16`, rate: tcRate(rate) };
    await linkHost(place, theSwitch, namespace, link);
    return { name, address, enter: namespace.enter };
  };
  const origin = await connect('origin', 1, centre, options.rate);
  const hosts: FleetHost[] = [];
  for (const [index, plan] of options.hosts.entries()) {
    const host = await connect(plan.name, index + 2, plan.zone ?? centre, plan.rate);
    hosts.push({ ...host, plan });
  }
  return {
    origin,
    hosts,
    zoneBytes: () =>
      Promise.all(zones.map((zone) => sentBytes(place, theSwitch.enter, `to-${zone}`))),
  };
}

const centre = 'centre';

async function sentBytes(
  place: Workplace,
  enter: readonly string[],
  device: string,
): Promise<number> {
  const text = await place.run([...enter, 'ip', '-s', '-j', 'link', 'show', 'dev', device]);
  const [link] = JSON.parse(text) as { readonly stats64: { tx: { bytes: number } } }[];
  if (link === undefined) throw new Error(`ip tells nothing of ${device}`);
  return link.stats64.tx.bytes;
}
