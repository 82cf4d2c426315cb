import type { Clock } from '../base/clock.ts';

/** Announces of one host that are answered in the long run, a second. */
const perSecond = 1_000;
/** What a host may have in hand: it comes back with 20 000 blobs, and announces each at once. */
const burst = 50_000;
/** Hosts that are remembered. */
const mostHosts = 100_000;

/** How much each host may ask of the tracker: far more than it needs, and far less than would keep the tracker busy. */
export class AnnounceBudget {
  readonly #clock: Clock;
  /** The moment at which all that a host has asked for is paid; one that lies in the past says nothing. */
  readonly #paidAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Hosts that have asked for something of late. */
  get size(): number {
    return this.#paidAt.size;
  }

  /** Takes `count` announces of the host's budget. False: it has asked for too much, and nothing is taken. */
  take(host: string, count: number): boolean {
    const now = this.#clock.now();
    const known = this.#paidAt.get(host);
    const paidAt = Math.max(known ?? now, now) + (count * 1000) / perSecond;
    if (paidAt - now > (burst * 1000) / perSecond) return false;
    if (known === undefined && this.#paidAt.size >= mostHosts) this.#forgetOldest();
    this.#paidAt.set(host, paidAt);
    return true;
  }

  /** Forgets the hosts whose budget is whole again. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [host, paidAt] of this.#paidAt) if (paidAt <= now) this.#paidAt.delete(host);
  }

  #forgetOldest(): void {
    for (const host of this.#paidAt.keys()) {
      this.#paidAt.delete(host);
      return;
    }
  }
}
