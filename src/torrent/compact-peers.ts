import type { PeerAddress } from './ids.ts';
import { formatIp, ipBytes } from './ip-address.ts';

/** Peers as trackers give them: 6 bytes for each IPv4 peer (BEP 23), 18 for each IPv6 peer (BEP 7). */
export interface CompactPeers {
  readonly peers: Uint8Array;
  readonly peers6: Uint8Array;
}

/** A peer that has its compact form at hand: a tracker writes the same ones over and over. */
export interface CompactPeer extends PeerAddress {
  /** 6 or 18 bytes; none for a peer that has no compact form. */
  readonly compact: Uint8Array;
}

/** The 6 or 18 bytes of a peer; undefined when its host is not an IP address, or its port is not one. */
export function compactBytes({ host, port }: PeerAddress): Uint8Array | undefined {
  const bytes = ipBytes(host);
  if (bytes === undefined || !isPort(port)) return undefined;
  return Uint8Array.of(...bytes, port >> 8, port & 0xff);
}

/** Peers that have no compact form are left out. */
export function encodeCompactPeers(peers: Iterable<PeerAddress>): CompactPeers {
  const four: Uint8Array[] = [];
  const six: Uint8Array[] = [];
  for (const peer of peers) {
    const bytes = 'compact' in peer ? (peer as CompactPeer).compact : compactBytes(peer);
    if (bytes?.length === 6) four.push(bytes);
    else if (bytes?.length === 18) six.push(bytes);
  }
  return { peers: joined(four, 6), peers6: joined(six, 18) };
}

/** Byte by byte, which is faster for so few. */
function joined(parts: readonly Uint8Array[], size: 6 | 18): Uint8Array {
  const bytes = new Uint8Array(parts.length * size);
  let at = 0;
  for (const part of parts)
    for (let index = 0; index < size; index++) bytes[at++] = part[index] ?? 0;
  return bytes;
}

/**
 * Reads a row of compact peers of 6 (`addressBytes` 4) or 18 bytes (16). Peers with port 0 are left out. Undefined when
 * the length does not fit.
 */
export function parseCompactPeers(
  bytes: Uint8Array,
  addressBytes: 4 | 16,
): PeerAddress[] | undefined {
  const size = addressBytes + 2;
  if (bytes.length % size !== 0) return undefined;
  const peers: PeerAddress[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const host = formatIp(bytes.subarray(at, at + addressBytes));
    const port = ((bytes[at + addressBytes] ?? 0) << 8) | (bytes[at + addressBytes + 1] ?? 0);
    if (port !== 0) peers.push({ host, port });
  }
  return peers;
}

/** True for a port that can be connected to. */
export function isPort(port: unknown): port is number {
  return Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535;
}
