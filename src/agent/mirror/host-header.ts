import { isIP } from 'node:net';
import { isAnyHost } from '../../torrent/ip-address.ts';

/**
 * True when the `Host` header of a request names this mirror. A web page can make a browser ask 127.0.0.1 under a name of
 * the page's own (DNS rebinding), but then that name stands here. An address cannot be rebound: where the mirror is bound
 * to all addresses, any will do.
 */
export function isOurHost(header: string | undefined, bound: string): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header ?? '');
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  if (host === undefined) return false;
  if (host === 'localhost' || host === bound.toLowerCase()) return true;
  if (isIP(host) === 0) return false;
  if (host === '::1' || host.startsWith('127.')) return true;
  return isAnyHost(bound);
}
