import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../torrent/ids.ts';

/** How long a liar is kept out, and how many liars at one address keep out the whole address. */
const banTime = 600_000;
const liarsPerHost = 3;
/** Entries after which those that are over are cleared away. */
const mostLies = 1_000;

/**
 * Peers that sent wrong bytes: kept out at once, and their whole address when several of it lied, since many hosts may stand
 * behind one. Anybody can use another's id, so an id counts together with its address only.
 */
export class BanList {
  readonly #clock: Clock;
  readonly #lies = new Map<string, { count: number; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This peer, and nobody else, sent wrong bytes. */
  add(id: PeerId, host: string): void {
    if (this.#lies.size >= mostLies) for (const key of this.#lies.keys()) this.#lied(key);
    const peer = `${id} ${host}`;
    // A rotten disk shows in several torrents at once: that is one liar.
    if (this.#lied(peer) === 0) this.#count(host);
    this.#count(peer);
  }

  /** How many peers and addresses are remembered. */
  get size(): number {
    return this.#lies.size;
  }

  isBanned(id: PeerId, host: string): boolean {
    return this.#lied(`${id} ${host}`) > 0 || this.#lied(host) >= liarsPerHost;
  }

  #count(key: string): void {
    this.#lies.set(key, { count: this.#lied(key) + 1, until: this.#clock.now() + banTime });
  }

  #lied(key: string): number {
    const lies = this.#lies.get(key);
    if (lies === undefined) return 0;
    if (lies.until > this.#clock.now()) return lies.count;
    this.#lies.delete(key);
    return 0;
  }
}
