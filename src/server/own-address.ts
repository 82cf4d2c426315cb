import type { Socket } from 'node:net';
import { canonicalIp } from '../torrent/ip-address.ts';

const hostGrammar =
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** True for `host` and `host:port`, as they stand in a URL, and for nothing else: it is printed into torrents. */
export function isHostAndPort(text: string): boolean {
  return hostGrammar.test(text);
}

/** `host:port` as it stands in a URL: an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The IP address of this host to which a client's connection came. */
export function reachedAddress({ localAddress = '' }: Pick<Socket, 'localAddress'>): string {
  return canonicalIp(localAddress) ?? '127.0.0.1';
}

/** How requests come over this connection. */
export function schemeOf(socket: Socket): 'http' | 'https' {
  return 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http';
}

/** True for a connection from this host itself. */
export function isLoopback({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): boolean {
  const address = canonicalIp(remoteAddress) ?? '';
  return address === '::1' || address.startsWith('127.');
}
