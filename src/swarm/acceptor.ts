import { sleep } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { isPeerHost } from '../torrent/dial-rules.ts';
import { encodeHandshake } from '../torrent/handshake.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { IpRange } from '../torrent/ip-range.ts';
import { Admission, type AdmissionLimits, type Place } from './admission.ts';
import type { Environment } from './environment.ts';
import { receiveGreeting } from './greeting.ts';
import type { Connection, Listener } from './network.ts';
import type { Torrent } from './torrent.ts';

/** What an acceptor needs of its swarm. */
export interface AcceptorOwner {
  /** True when one more connection may be taken. */
  hasRoom(): boolean;
  /** The torrent that a peer asks for, opened if need be; undefined when it is not here. */
  find(infoHash: InfoHash): Promise<Torrent | undefined>;
}

/** Whom an acceptor takes. */
export interface AcceptorRules {
  /** The networks that peers are in; none: they can be anywhere. */
  readonly peersFrom: readonly IpRange[];
  readonly limits: AdmissionLimits;
}

/** Milliseconds for a connection of this host to itself. */
const selfTalk = 1_000;

/** The open port: takes the peers that come, hears who they are, and brings them to their torrents. */
export class Acceptor {
  readonly #env: Environment;
  readonly #owner: AcceptorOwner;
  readonly #peersFrom: readonly IpRange[];
  readonly #admission: Admission;
  readonly #greeting = new Set<Connection>();
  readonly #ending = new AbortController();
  #listener: Listener | undefined;

  constructor(env: Environment, { peersFrom, limits }: AcceptorRules, owner: AcceptorOwner) {
    this.#env = env;
    this.#owner = owner;
    this.#peersFrom = peersFrom;
    this.#admission = new Admission(env.clock, limits);
  }

  /** Opens the port. Throws what the system says when it cannot be had (`EADDRINUSE`…). */
  async listen(address: PeerAddress): Promise<void> {
    this.#listener = await this.#env.network.listen(
      address,
      (connection) => void this.#accept(connection),
    );
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Connections that have not said who they are. */
  get greeting(): number {
    return this.#greeting.size;
  }

  /** Drops who has not said who it is. Resolves when the port is closed and all connections that came by it are over. */
  async close(): Promise<void> {
    this.#ending.abort();
    const closed = this.#listener?.close();
    for (const connection of this.#greeting) connection.destroy();
    await closed;
  }

  get #isClosed(): boolean {
    return this.#ending.signal.aborted;
  }

  /** A peer came. Without an answer it is dropped when it is not wanted, or wants what is not here. */
  async #accept(connection: Connection): Promise<void> {
    const { host } = connection.remote;
    const isPeer = !this.#isClosed && isPeerHost(host, { peersFrom: this.#peersFrom });
    const place = isPeer && this.#owner.hasRoom() ? this.#admission.enter(host) : undefined;
    if (place === undefined) return connection.destroy();
    this.#greeting.add(connection);
    const isJoined = await this.#greet(connection, place).catch((error: unknown) => {
      this.#env.log.warn(
        { error: messageOf(error), peer: connection.remote },
        'a peer could not be served',
      );
      return false;
    });
    this.#greeting.delete(connection);
    place.greeted();
    if (isJoined) return undefined;
    connection.destroy();
    return place.leave();
  }

  /** True when it takes part in a torrent from now on. */
  async #greet(connection: Connection, place: Place): Promise<boolean> {
    const greeting = await receiveGreeting(connection, this.#env.clock);
    if (greeting === undefined) return false;
    const { handshake, rest } = greeting;
    const torrent = await this.#owner.find(handshake.infoHash);
    if (torrent === undefined || this.#isClosed) return false;
    connection.write([encodeHandshake(handshake.infoHash, this.#env.id)]);
    if (torrent.join(connection, handshake, rest, false, place.leave) === 'joined') return true;
    // We have dialled ourselves: the dialling half must read who it is, and then ends it.
    if (handshake.peerId === this.#env.id)
      await sleep(this.#env.clock, selfTalk, this.#ending.signal).catch(() => {});
    return false;
  }
}
