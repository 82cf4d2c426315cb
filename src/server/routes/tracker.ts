import { OciError } from '../../oci/oci-error.ts';
import type { PeerAddress } from '../../torrent/ids.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Exchange } from '../exchange.ts';
import { reachedAddress } from '../own-address.ts';
import type { Handler, Services } from '../services.ts';

/** `GET /announce` (BEP 3). */
export const announce: Handler = async (exchange, services) => {
  const from = { host: exchange.request.socket.remoteAddress ?? '' };
  const answer = await trackerOf(services).announce(
    exchange.search,
    from,
    originFor(exchange, services),
  );
  exchange.send(200, { 'Content-Type': 'text/plain' }, answer);
};

/** `GET /scrape` (BEP 48). */
export const scrape: Handler = async (exchange, services) => {
  const answer = await trackerOf(services).scrape(exchange.search, originFor(exchange, services));
  exchange.send(200, { 'Content-Type': 'text/plain' }, answer);
};

function trackerOf({ tracker, trackerUrl }: Services): Tracker {
  if (tracker !== undefined) return tracker;
  throw new OciError('UNSUPPORTED', `this registry's tracker is ${trackerUrl ?? 'off'}`);
}

/** The registry's own seeder, where this client reaches it: the address that its connection came to, unless one was named. */
function originFor({ request }: Exchange, services: Services): PeerAddress {
  const host = services.advertisedAddress ?? reachedAddress(request.socket);
  return { host, port: services.peerPort() };
}
