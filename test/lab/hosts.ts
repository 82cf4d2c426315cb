import { readlinkSync } from 'node:fs';
import type { Lab } from './lab.ts';
import { eventually } from './eventually.ts';

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
 * Hosts on one network, in the order of `names`. Needs root. Hosts and switch are nameless namespaces that live as long
 * as a process of this lab does, and their addresses are theirs alone, so that networks of tests that run at the same
 * time cannot meet, and nothing is left behind even by a test that is killed.
 */
export async function startHosts(
  lab: Lab,
  names: readonly string[],
  options: HostsOptions = {},
): Promise<Host[]> {
  const theSwitch = await openNamespace(lab, 'switch', '');
  await lab.run([...theSwitch.enter, 'ip', 'link', 'add', 'bridge', 'type', 'bridge']);
  await lab.run([...theSwitch.enter, 'ip', 'link', 'set', 'bridge', 'up']);
  const hosts: Host[] = [];
  for (const [index, name] of names.entries()) {
    const host = await openNamespace(lab, name, `10.77.0.${index + 1}`);
    const port = `port${index}`;
    const limit = (device: string): string =>
      options.rate === undefined
        ? ''
        : `tc qdisc add dev ${device} root tbf rate ${options.rate} burst 128k latency 30ms`;
    const atSwitch = `set -e
      ip link add ${port} type veth peer name eth0 netns ${host.pid}
      ip link set ${port} master bridge up
      ${limit(port)}`;
    const atHost = `set -e
      ip link set lo up
      ip addr add ${host.address}/24 dev eth0
      ip link set eth0 up
      ${limit('eth0')}`;
    await lab.run([...theSwitch.enter, 'sh', '-c', atSwitch]);
    await lab.run([...host.enter, 'sh', '-c', atHost]);
    hosts.push(host);
  }
  return hosts;
}

async function openNamespace(
  lab: Lab,
  name: string,
  address: string,
): Promise<Host & { readonly pid: number }> {
  const holder = lab.start(['unshare', '--net', '--', 'sleep', 'infinity'], {
    name: `namespace of ${name}`,
  });
  const path = `/proc/${holder.pid}/ns/net`;
  const ours = readlinkSync('/proc/self/ns/net');
  await eventually(`a namespace for ${name}`, () => readlinkSync(path) !== ours, {
    every: 5,
    details: () => holder.report(),
  });
  return { name, address, enter: ['nsenter', `--net=${path}`, '--'], pid: holder.pid };
}
