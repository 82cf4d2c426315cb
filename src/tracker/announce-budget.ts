import { Allowance } from '../base/allowance.ts';
import type { Clock } from '../base/clock.ts';
import { remember } from '../base/remember.ts';

/** Announces of one host that are answered in the long run, a second. */
const perSecond = 1_000;
/** What a host may have in hand: it comes back with 20 000 blobs, and announces each at once. */
const burst = 50_000;
/** Hosts that are remembered. */
const mostHosts = 100_000;

/** How much each host may ask of the tracker: far more than it needs, and far less than would keep the tracker busy. */
export class AnnounceBudget {
  readonly #clock: Clock;
  readonly #byHost = new Map<string, Allowance>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Hosts that have asked for something of late. */
  get size(): number {
    return this.#byHost.size;
  }

  /** Takes `count` announces of the host's budget. False: it has asked for too much, and nothing is taken. */
  take(host: string, count: number): boolean {
    const now = this.#clock.now();
    const known = this.#byHost.get(host);
    if (known !== undefined) return known.take(now, count);
    const allowance = new Allowance(perSecond, burst, now);
    if (!allowance.take(now, count)) return false;
    remember(this.#byHost, host, allowance, mostHosts);
    return true;
  }

  /** Forgets the hosts whose budget is whole again. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [host, allowance] of this.#byHost) {
      if (allowance.isFull(now)) this.#byHost.delete(host);
    }
  }
}
