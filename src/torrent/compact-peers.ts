import type { PeerAddress } from './ids.ts';
import { formatIp, ipBytes } from './ip-address.ts';

/** Peers as trackers give them: 6 bytes for each IPv4 peer (BEP 23), 18 for each IPv6 peer (BEP 7). */
export interface CompactPeers {
  readonly peers: Uint8Array;
  readonly peers6: Uint8Array;
}

/** Peers whose host is not an IP address, or whose port is not one, are left out. */
export function encodeCompactPeers(peers: Iterable<PeerAddress>): CompactPeers {
  const four: number[] = [];
  const six: number[] = [];
  for (const { host, port } of peers) {
    const bytes = ipBytes(host);
    if (bytes === undefined || !isPort(port)) continue;
    (bytes.length === 4 ? four : six).push(...bytes, port >> 8, port & 0xff);
  }
  return { peers: Uint8Array.from(four), peers6: Uint8Array.from(six) };
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
