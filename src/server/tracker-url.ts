import { isHostAndPort } from './own-address.ts';

/**
 * The announce URL of a tracker: of `HOST:PORT` over HTTP, of `udp://HOST:PORT`, or what is one already; without a path it
 * is the usual one. Undefined for anything else.
 */
export function trackerUrlOf(text: string): string | undefined {
  const isBare = isHostAndPort(text) && /:\d+$/.test(text);
  const url = URL.parse(isBare ? `http://${text}` : text);
  if (url === null || url.username !== '' || url.password !== '' || url.port === '0') {
    return undefined;
  }
  const isWhole = url.protocol === 'udp:' ? url.port !== '' : /^https?:$/.test(url.protocol);
  if (!isWhole) return undefined;
  const path = url.pathname.length > 1 ? url.pathname : '/announce';
  const host = isBare ? text : url.host;
  return `${url.protocol}//${host}${path}${url.search}`;
}
