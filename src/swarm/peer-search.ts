import { addressKey, type InfoHash, type PeerAddress } from '../torrent/ids.ts';
import { encodeHandshake } from '../torrent/handshake.ts';
import type { Environment } from './environment.ts';
import { receiveGreeting, type Greeting } from './greeting.ts';
import type { Connection } from './network.ts';

/** Connections a download looks for. */
const wantedPeers = 30;
const connectTimeout = 2_000;
const longestPause = 60_000;
/** Addresses remembered for one torrent. */
const mostKnown = 500;

/** What a search needs of its torrent. */
export interface SearchUser {
  /** Connections now. */
  connections(): number;
  /** A peer answered. `again` (it is connected already) may be dialled later; `never` (ourselves, banned) may not. */
  met(connection: Connection, greeting: Greeting): 'joined' | 'again' | 'never';
}

interface Known {
  readonly address: PeerAddress;
  state: 'idle' | 'dialling' | 'connected' | 'unwanted';
  failures: number;
  nextAt: number;
}

/** Finds the peers of one download: dials those that are told to it, again later when they do not answer. */
export class PeerSearch {
  readonly #infoHash: InfoHash;
  readonly #env: Environment;
  readonly #user: SearchUser;
  readonly #known = new Map<string, Known>();
  readonly #abort = new AbortController();
  #dialling = 0;

  constructor(infoHash: InfoHash, env: Environment, user: SearchUser) {
    this.#infoHash = infoHash;
    this.#env = env;
    this.#user = user;
  }

  /** True when no dial is under way and every address that is known was tried. */
  get isOver(): boolean {
    return this.#dialling === 0 && [...this.#known.values()].every((known) => known.nextAt > 0);
  }

  add(addresses: readonly PeerAddress[]): void {
    for (const address of addresses) {
      const key = addressKey(address);
      if (address.port === 0 || this.#known.has(key) || this.#known.size >= mostKnown) continue;
      this.#known.set(key, { address, state: 'idle', failures: 0, nextAt: 0 });
    }
    this.dialMore();
  }

  /** The connection to this address ended: it may be dialled again. */
  lost(address: PeerAddress): void {
    const known = this.#known.get(addressKey(address));
    if (known?.state === 'connected') this.#pause(known);
  }

  dialMore(): void {
    const now = this.#env.clock.now();
    for (const known of this.#known.values()) {
      if (this.#abort.signal.aborted || this.#user.connections() + this.#dialling >= wantedPeers)
        return;
      if (known.state === 'idle' && known.nextAt <= now) void this.#dial(known);
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #dial(known: Known): Promise<void> {
    known.state = 'dialling';
    this.#dialling++;
    try {
      const { network, clock, id } = this.#env;
      const connection = await network.connect(known.address, connectTimeout, this.#abort.signal);
      // Nothing but the handshake before the other side's: some clients ban for less.
      connection.write([encodeHandshake(this.#infoHash, id)]);
      const greeting = await receiveGreeting(connection, clock);
      if (greeting === undefined) return this.#pause(known);
      const isRight = !this.#abort.signal.aborted && greeting.handshake.infoHash === this.#infoHash;
      const outcome = isRight ? this.#user.met(connection, greeting) : 'again';
      if (outcome !== 'joined') connection.destroy();
      if (outcome === 'again') return this.#pause(known);
      known.state = outcome === 'joined' ? 'connected' : 'unwanted';
      known.nextAt = clock.now();
      known.failures = 0;
    } catch {
      this.#pause(known);
    } finally {
      this.#dialling--;
      this.dialMore();
    }
  }

  #pause(known: Known): void {
    known.state = 'idle';
    known.failures++;
    known.nextAt = this.#env.clock.now() + Math.min(longestPause, 500 * 2 ** known.failures);
  }
}
