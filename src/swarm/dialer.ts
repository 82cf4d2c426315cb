import type { Clock } from '../base/clock.ts';
import { mayDial, type DialRules } from '../torrent/dial-rules.ts';
import { encodeHandshake } from '../torrent/handshake.ts';
import { addressKey, type InfoHash, type PeerAddress, type PeerId } from '../torrent/ids.ts';
import { receiveGreeting, type Greeting } from './greeting.ts';
import type { Connection, Network } from './network.ts';

/** What a dialer needs of its process. */
export interface DialerParts {
  readonly id: PeerId;
  readonly network: Network;
  readonly clock: Clock;
  readonly rules: () => DialRules;
  /** False when no further connection may be opened. */
  readonly hasRoom: () => boolean;
}

/** A peer that answered. */
export interface Answered {
  readonly connection: Connection;
  readonly greeting: Greeting;
}

const connectTimeout = 2_000;
/** Dials of this process that wait for an answer at the same time. */
const mostDials = 100;
/** Own addresses that are remembered. */
const mostOwn = 100;

/** Connects to peers, for all torrents of a process. */
export class Dialer {
  readonly #parts: DialerParts;
  readonly #waiting: (() => void)[] = [];
  #dials = 0;
  #underWay = 0;
  /** Addresses at which this process itself answered. */
  readonly #own = new Set<string>();

  constructor(parts: DialerParts) {
    this.#parts = parts;
  }

  /** False for an address that is never dialled: outside the networks of peers, or our own. */
  mayDial(address: PeerAddress): boolean {
    return !this.#own.has(addressKey(address)) && mayDial(address, this.#parts.rules());
  }

  /** Connections that are being opened, or whose peer has not answered yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Connects and exchanges handshakes. Undefined when no peer of that torrent answers in time, or by the signal. */
  async dial(
    address: PeerAddress,
    infoHash: InfoHash,
    signal: AbortSignal,
  ): Promise<Answered | undefined> {
    if (!this.mayDial(address)) return undefined;
    await this.#turn();
    if (signal.aborted || !this.#parts.hasRoom()) {
      this.#release();
      return undefined;
    }
    this.#underWay++;
    try {
      return await this.#meet(address, infoHash, signal);
    } finally {
      this.#underWay--;
    }
  }

  async #meet(
    address: PeerAddress,
    infoHash: InfoHash,
    signal: AbortSignal,
  ): Promise<Answered | undefined> {
    const { id, network, clock } = this.#parts;
    let connection: Connection;
    try {
      connection = await network.connect(address, connectTimeout, signal);
    } catch {
      return undefined;
    } finally {
      this.#release();
    }
    // Nothing but the handshake before the other side's: some clients ban for less.
    connection.write([encodeHandshake(infoHash, id)]);
    const greeting = await receiveGreeting(connection, clock, signal);
    if (greeting === undefined) return undefined;
    if (greeting.handshake.peerId === id) this.#remember(address);
    else if (!signal.aborted && greeting.handshake.infoHash === infoHash)
      return { connection, greeting };
    connection.destroy();
    return undefined;
  }

  /** Waits until fewer dials are under way than may be. */
  async #turn(): Promise<void> {
    if (this.#dials >= mostDials) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    } else {
      this.#dials++;
    }
  }

  /** Whoever waits longest has the place. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#dials--;
    else next();
  }

  #remember(address: PeerAddress): void {
    if (this.#own.size >= mostOwn) this.#own.clear();
    this.#own.add(addressKey(address));
  }
}
