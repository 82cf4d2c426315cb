import { isPort } from './compact-peers.ts';
import type { PeerAddress } from './ids.ts';
import { isInRanges, parseIpRange, type IpRange } from './ip-range.ts';

/** What decides whom this host may dial and accept. */
export interface DialRules {
  /** The networks that peers are in; none: peers can be anywhere. */
  readonly peersFrom: readonly IpRange[];
  /** Where this host accepts peers itself. */
  readonly ownPort: number;
}

/** Never a peer: nobody, everybody, and groups. To connect to nobody's address is to connect to oneself. */
const noHosts = ['0.0.0.0/8', '224.0.0.0/3', '::', 'ff00::/8'].map(parseIpRange);

/** Ports below this one belong to the services of a host: nobody is sent there, whatever a peer says. */
export const firstPeerPort = 1024;

/** True when peers are expected in the network of this address. */
export function isPeerHost(host: string, { peersFrom }: Pick<DialRules, 'peersFrom'>): boolean {
  return peersFrom.length === 0 || isInRanges(host, peersFrom);
}

/**
 * Whether an address that a stranger named may be connected to. A tracker may be lied to, and a host must not be made to
 * knock on the services of others: a low port is dialled only inside the networks that were named, or when peers here use
 * the same, as where only that port is let through.
 */
export function mayDial(address: PeerAddress, rules: DialRules): boolean {
  const { host, port } = address;
  if (!isPort(port) || isInRanges(host, noHosts) || !isPeerHost(host, rules)) return false;
  return port >= firstPeerPort || port === rules.ownPort || rules.peersFrom.length > 0;
}
