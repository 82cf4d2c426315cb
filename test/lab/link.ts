import type { Namespace } from './namespace.ts';
import type { Workplace } from './workplace.ts';

/** A cable between a host and a bridge. */
export interface HostLink {
  readonly bridge: string;
  /** The name of its end at the bridge; the host's is `eth0`. */
  readonly port: string;
  /** The host's address with the length of its network's prefix: `10.77.0.1/24`. */
  readonly address: string;
  /** What it carries, up and down alike, as tc writes it: `200mbit`. Default: no limit. */
  readonly rate?: string;
}

/** Makes a bridge in a namespace. */
export async function makeBridge(place: Workplace, at: Namespace, bridge: string): Promise<void> {
  await place.run([...at.enter, 'ip', 'link', 'add', bridge, 'type', 'bridge']);
  await place.run([...at.enter, 'ip', 'link', 'set', bridge, 'up']);
}

/** Connects a host to a bridge, which stands in another namespace. */
export async function linkHost(
  place: Workplace,
  theSwitch: Namespace,
  host: Namespace,
  { bridge, port, address, rate }: HostLink,
): Promise<void> {
  const atSwitch = `set -e
    ip link add ${port} type veth peer name eth0 netns ${host.pid}
    ip link set ${port} master ${bridge} up
    ${limit(port, rate)}`;
  const atHost = `set -e
    ip link set lo up
    ip addr add ${address} dev eth0
    ip link set eth0 up
    ${limit('eth0', rate)}`;
  await place.run([...theSwitch.enter, 'sh', '-c', atSwitch]);
  await place.run([...host.enter, 'sh', '-c', atHost]);
}

/** Connects two bridges of one namespace by a cable whose ends have the names of `ports`, and which has a limit. */
export async function linkBridges(
  place: Workplace,
  theSwitch: Namespace,
  bridges: readonly [string, string],
  ports: readonly [string, string],
  rate: string,
): Promise<void> {
  const script = `set -e
    ip link add ${ports[0]} type veth peer name ${ports[1]}
    ip link set ${ports[0]} master ${bridges[0]} up
    ip link set ${ports[1]} master ${bridges[1]} up
    ${limit(ports[0], rate)}
    ${limit(ports[1], rate)}`;
  await place.run([...theSwitch.enter, 'sh', '-c', script]);
}

/** A token bucket limits what goes out; what comes in is limited by the one at the other end. */
function limit(device: string, rate: string | undefined): string {
  return rate === undefined
    ? ''
    : `tc qdisc add dev ${device} root tbf rate ${rate} burst 128k latency 30ms`;
}
