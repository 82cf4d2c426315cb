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

/** An IPv4 address that came in IPv6 form (`::ffff:10.0.0.1`) as itself. */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}
