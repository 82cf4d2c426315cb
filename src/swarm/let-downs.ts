import type { Clock } from '../base/clock.ts';

/** So often an address may let us down without being passed over as a whole: another peer of it may be better. */
const lenience = 2;
/** How long it is passed over then, in milliseconds: twice as long each time, up to the longest. */
const shortest = 10_000;
const longest = 160_000;
/** After so long without one, let-downs are forgotten. */
const memory = 600_000;
/** Addresses after which those that are forgotten are cleared away. */
const mostAddresses = 1_000;

/**
 * Addresses whose peers owed blocks and did not send them. A peer that stalls is passed over for a while; one that comes back
 * under a new id each time is passed over by its address, or its ids would take turns with a piece for ever.
 */
export class LetDowns {
  readonly #clock: Clock;
  readonly #known = new Map<string, { count: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** A peer there did not send what it was asked for. */
  add(host: string): void {
    const now = this.#clock.now();
    if (this.#known.size >= mostAddresses)
      for (const [key, { at }] of this.#known) if (now - at > memory) this.#known.delete(key);
    const known = this.#known.get(host);
    const count = known === undefined || now - known.at > memory ? 0 : known.count;
    this.#known.set(host, { count: count + 1, at: now });
  }

  /** A peer there sent a whole piece. */
  forgive(host: string): void {
    this.#known.delete(host);
  }

  /** True while nothing should be asked of that address. */
  isOut(host: string): boolean {
    const known = this.#known.get(host);
    if (known === undefined || known.count <= lenience) return false;
    const lasts = Math.min(longest, shortest * 2 ** (known.count - lenience - 1));
    return this.#clock.now() - known.at < lasts;
  }
}
