import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { whenReady, type MaybePromise } from '../base/maybe-promise.ts';
import type { PeerAddress } from '../torrent/ids.ts';
import { isAnyHost } from '../torrent/ip-address.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { UdpFace } from '../tracker/udp-face.ts';
import type { OriginAddress } from './origin-address.ts';
import { OwnRoute } from './own-route.ts';
import { openUdpPort } from './udp-port.ts';

export interface UdpTrackerOptions {
  readonly tracker: Tracker;
  readonly host: string;
  /** The port that was named, which it gets or fails. */
  readonly named: number | undefined;
  /** Of the HTTP face: the same number is usual. */
  readonly httpPort: number;
  readonly origins: OriginAddress;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the tracker's UDP face (BEP 15). Where nobody named a port it is the one of the HTTP face, and where another
 * program has that, there is none: undefined. Throws the system's error when a named one is taken.
 */
export async function startUdpTracker(options: UdpTrackerOptions): Promise<UdpFace | undefined> {
  const { tracker, host, named, httpPort, origins, clock, log } = options;
  try {
    const port = await openUdpPort(host, named ?? httpPort);
    const originFor = originFinder(host, origins, clock);
    return new UdpFace({ tracker, port, clock, key: randomBytes(32), originFor });
  } catch (error) {
    if (named !== undefined || codeOf(error) !== 'EADDRINUSE') throw error;
    log.warn({ port: httpPort }, 'the UDP port is taken: the tracker answers over HTTP only');
    return undefined;
  }
}

/** A socket that is bound to one address is reached by that. */
function originFinder(
  host: string,
  origins: OriginAddress,
  clock: Clock,
): (peer: string) => MaybePromise<PeerAddress | undefined> {
  if (origins.isAdvertised || (!isAnyHost(host) && isIP(host) !== 0))
    return () => origins.for(host);
  const route = new OwnRoute(clock);
  return (peer) =>
    whenReady(route.to(peer), (own) => (own === undefined ? undefined : origins.for(own)));
}
