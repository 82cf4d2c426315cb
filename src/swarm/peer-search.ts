import { addressKey, type InfoHash, type PeerAddress } from '../torrent/ids.ts';
import type { Environment } from './environment.ts';
import type { Greeting } from './greeting.ts';
import type { Connection } from './network.ts';

/** Connections a download looks for. */
export const wantedPeers = 30;
/** Whoever has fewer of them outside its zone looks for some more, among the addresses that it was told last. */
export const wantedOutside = 4;
export const moreForOutside = 8;
const longestPause = 60_000;
/** A connection that lasts so long (milliseconds) was a success, whatever ended it. */
const lastingAfter = 10_000;
/** Addresses remembered for one torrent. */
const mostKnown = 500;

/** What a search needs of its torrent. */
export interface SearchUser {
  /** Connections now. */
  connections(): number;
  /** Those of them that stand outside the host's zone; all, where it stands in none. */
  outside(): number;
  /** A peer answered. `again` (it is connected already) may be dialled later; `never` (it is banned) may not. */
  met(connection: Connection, greeting: Greeting): 'joined' | 'again' | 'never';
}

interface Known {
  readonly address: PeerAddress;
  state: 'idle' | 'dialling' | 'connected' | 'unwanted';
  /** Dials in a row that came to nothing lasting. */
  failures: number;
  /** When it may be dialled next, or was connected; 0: it was never tried. */
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
      const mayDial = this.#env.dialer.mayDial(address);
      if (!mayDial || this.#known.has(key) || !this.#hasRoom()) continue;
      this.#known.set(key, { address, state: 'idle', failures: 0, nextAt: 0 });
    }
    this.dialMore();
  }

  /** The connection to this address ended: it may be dialled again. */
  lost(address: PeerAddress): void {
    const known = this.#known.get(addressKey(address));
    if (known?.state !== 'connected') return;
    if (this.#env.clock.now() - known.nextAt > lastingAfter) known.failures = 0;
    this.#pause(known);
  }

  dialMore(): void {
    const now = this.#env.clock.now();
    const dial = (most: number, all: Iterable<Known>): void => {
      for (const known of all) {
        if (this.#abort.signal.aborted || this.#user.connections() + this.#dialling >= most) return;
        if (known.state === 'idle' && known.nextAt <= now) void this.#dial(known);
      }
    };
    dial(wantedPeers, this.#known.values());
    if (this.#user.outside() >= wantedOutside || this.#user.connections() < wantedPeers) return;
    dial(wantedPeers + moreForOutside, [...this.#known.values()].reverse());
  }

  close(): void {
    this.#abort.abort();
  }

  async #dial(known: Known): Promise<void> {
    known.state = 'dialling';
    this.#dialling++;
    try {
      const { dialer, clock } = this.#env;
      const answered = await dialer.dial(known.address, this.#infoHash, this.#abort.signal);
      if (answered === undefined) return this.#pause(known);
      const { connection, greeting } = answered;
      // Set before it joins, since a peer may be lost while it does.
      known.state = 'connected';
      known.nextAt = clock.now();
      const outcome = this.#user.met(connection, greeting);
      if (outcome === 'joined') return undefined;
      connection.destroy();
      if (outcome === 'again') return this.#pause(known);
      known.state = 'unwanted';
    } catch {
      this.#pause(known);
    } finally {
      this.#dialling--;
      this.dialMore();
    }
    return undefined;
  }

  /** Forgets one that does not answer when too many are known. */
  #hasRoom(): boolean {
    if (this.#known.size < mostKnown) return true;
    for (const [key, known] of this.#known)
      if (known.state === 'idle' && known.failures > 0) return this.#known.delete(key);
    return false;
  }

  #pause(known: Known): void {
    known.state = this.#env.dialer.mayDial(known.address) ? 'idle' : 'unwanted';
    known.failures++;
    known.nextAt = this.#env.clock.now() + Math.min(longestPause, 500 * 2 ** known.failures);
  }
}
