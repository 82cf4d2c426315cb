import type { PeerAddress } from './ids.ts';
import { formatIp, ipBytes } from './ip-address.ts';

/**
 * Peers as trackers give them: 6 bytes for each IPv4 peer (BEP 23), 18 for each IPv6 peer (BEP 7). Text with one character a
 * byte (latin1): a tracker keeps and joins thousands of short rows, which cost far less so.
 */
export interface CompactRows {
  readonly peers: string;
  readonly peers6: string;
}

/** A peer that has its compact form at hand: a tracker writes the same ones over and over. */
export interface CompactPeer extends PeerAddress {
  /** 6 or 18 characters; none for a peer that has no compact form. */
  readonly compact: string;
}

/** The compact form of a peer, as text; empty when its host is not an IP address, or its port is not one. */
export function compactText({ host, port }: PeerAddress): string {
  const bytes = ipBytes(host);
  if (bytes === undefined || !isPort(port)) return '';
  return String.fromCharCode(...bytes, port >> 8, port & 0xff);
}

/** Peers that have no compact form are left out. */
export function compactRows(peers: readonly PeerAddress[]): CompactRows {
  const four: string[] = [];
  const six: string[] = [];
  for (const peer of peers) {
    const text = (peer as Partial<CompactPeer>).compact ?? compactText(peer);
    if (text.length === 6) four.push(text);
    else if (text.length === 18) six.push(text);
  }
  return { peers: four.join(''), peers6: six.join('') };
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
