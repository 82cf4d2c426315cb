import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { canonicalIp, networkOf } from '../torrent/ip-address.ts';

/** Networks whose way is remembered, and for how long (milliseconds): addresses of a host change seldom. */
const mostNetworks = 4_096;
const rememberedFor = 600_000;

/**
 * The address of this host by which others reach it. A connection shows it, but a packet to a socket for all addresses
 * does not: so the system is asked which one it would send from.
 */
export class OwnRoute {
  readonly #clock: Clock;
  readonly #byNetwork = new Map<string, MaybePromise<string | undefined>>();
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** The own address on the way to `host`, an IP address; undefined when there is no way. */
  to(host: string): MaybePromise<string | undefined> {
    const now = this.#clock.now();
    if (now - this.#since > rememberedFor || this.#byNetwork.size >= mostNetworks) {
      this.#byNetwork.clear();
      this.#since = now;
    }
    // Hosts of one small network are reached the same way.
    const network = networkOf(host);
    const known = this.#byNetwork.get(network);
    if (known !== undefined) return known;
    const asking = ask(host).then((address) => {
      // Once it is known it is at hand at once.
      if (address === undefined) this.#byNetwork.delete(network);
      else this.#byNetwork.set(network, address);
      return address;
    });
    this.#byNetwork.set(network, asking);
    return asking;
  }
}

/** Connecting a UDP socket sends nothing: it only chooses the way. */
async function ask(host: string): Promise<string | undefined> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    // Without a callback: one would be given the error instead of the event.
    const connected = once(socket, 'connect');
    socket.connect(9, host);
    await connected;
    return canonicalIp(socket.address().address);
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
