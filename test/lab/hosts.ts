import { linkHost, makeBridge } from './link.ts';
import { openNamespace } from './namespace.ts';
import type { Workplace } from './workplace.ts';

/** An emulated host: a network namespace with an address of its own. */
export interface Host {
  readonly name: string;
  /** Its IPv4 address, which the other hosts of its network reach. */
  readonly address: string;
  /** What stands before a command to run it on this host. */
  readonly enter: readonly string[];
}

export interface HostsOptions {
  /** What each host's link carries, up and down alike, as tc writes it: `200mbit`. Default: no limit. */
  readonly rate?: string;
}

/**
 * Hosts on one network, in the order of `names`. Needs root. Hosts and switch are nameless namespaces, and their addresses
 * are theirs alone, so that networks of tests that run at the same time cannot meet.
 */
export async function startHosts(
  place: Workplace,
  names: readonly string[],
  options: HostsOptions = {},
): Promise<Host[]> {
  const theSwitch = await openNamespace(place, 'switch');
  const bridge = 'bridge';
  await makeBridge(place, theSwitch, bridge);
  const hosts: Host[] = [];
  for (const [index, name] of names.entries()) {
    const namespace = await openNamespace(place, name);
    const address = `10.77.0.${index + 1}`;
    const link = { bridge, port: `port${index}`, address: `${address}/24`, ...options };
    await linkHost(place, theSwitch, namespace, link);
    hosts.push({ name, address, enter: namespace.enter });
  }
  return hosts;
}
