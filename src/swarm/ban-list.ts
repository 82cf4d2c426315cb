import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../torrent/ids.ts';

/** How long a liar is kept out, and how many lies from one address keep out the whole address. */
const banTime = 600_000;
const liesPerHost = 3;
/** Entries after which those that are over are cleared away. */
const mostLies = 1_000;

/**
 * Peers that sent wrong bytes: kept out at once, and their whole address when it happens again. Anybody can use another's id,
 * so an id counts together with its address only.
 */
export class BanList {
  readonly #clock: Clock;
  readonly #lies = new Map<string, { count: number; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A piece that came from this peer alone was wrong. */
  add(id: PeerId, host: string): void {
    if (this.#lies.size >= mostLies) for (const key of this.#lies.keys()) this.#lied(key);
    this.#count(`${id} ${host}`);
    this.#count(host);
  }

  /** How many peers and addresses are remembered. */
  get size(): number {
    return this.#lies.size;
  }

  isBanned(id: PeerId, host: string): boolean {
    return this.#lied(`${id} ${host}`) > 0 || this.#lied(host) >= liesPerHost;
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
