import type { Clock } from './clock.ts';

/** Shares a link among its users, first come first served. */
export interface RateLimiter {
  /**
   * Asks for `bytes`. Undefined: go on at once. A promise: go on when it resolves. The bytes count as used either way,
   * also for what was received already: then waiting before the next read is what slows the sender down.
   */
  take(bytes: number): Promise<void> | undefined;
  /** All bytes ever taken. */
  readonly total: number;
  /** Bytes that may flow at once. */
  readonly burst: number;
}

/** Only counts. */
export class Unlimited implements RateLimiter {
  total = 0;
  readonly burst = Infinity;

  take(bytes: number): undefined {
    this.total += bytes;
  }
}

interface Waiter {
  /** Its turn has come when so many bytes in all may have flowed. */
  readonly at: number;
  readonly resolve: () => void;
}

/**
 * A token bucket that holds at most `burst` bytes (default: what flows in 50 ms). Its rate, in bytes a second or
 * undefined for no limit, can be changed at any time: it holds at once, for those who wait too.
 */
export class TokenBucket implements RateLimiter {
  readonly #clock: Clock;
  readonly #burst: number | undefined;
  #rate: number | undefined;
  /** How many bytes in all may have flowed until `#at`; never more than one burst beyond `total`. */
  #allowed = 0;
  #at: number;
  #waiters: Waiter[] = [];
  #cancel: (() => void) | undefined;
  total = 0;

  constructor(bytesPerSecond: number | undefined, clock: Clock, burst?: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#at = clock.now();
    this.#rate = bytesPerSecond;
    this.#allowed = this.burst;
  }

  get rate(): number | undefined {
    return this.#rate;
  }

  set rate(bytesPerSecond: number | undefined) {
    this.#flow();
    // Where there was no limit nothing was counted as allowed.
    if (this.#rate === undefined) this.#allowed = this.total;
    this.#rate = bytesPerSecond;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wake();
  }

  take(bytes: number): Promise<void> | undefined {
    if (this.#rate === undefined) {
      this.total += bytes;
      return undefined;
    }
    this.#flow();
    this.total += bytes;
    if (this.total <= this.#allowed) return undefined;
    const turn = new Promise<void>((resolve) => this.#waiters.push({ at: this.total, resolve }));
    if (this.#cancel === undefined) this.#wake();
    return turn;
  }

  get burst(): number {
    return this.#burst ?? Math.max(16_384, (this.#rate ?? Infinity) / 20);
  }

  #flow(): void {
    const now = this.#clock.now();
    const flowed = ((now - this.#at) * (this.#rate ?? 0)) / 1000;
    this.#allowed = Math.min(this.#allowed + flowed, this.total + this.burst);
    this.#at = now;
  }

  #wake(): void {
    this.#flow();
    // A part of a byte is nobody's turn to wait for: timers and fractions are not that exact.
    const allowed = this.#rate === undefined ? Infinity : this.#allowed + 0.5;
    let woken = 0;
    for (const waiter of this.#waiters) {
      if (waiter.at > allowed) break;
      waiter.resolve();
      woken++;
    }
    if (woken > 0) this.#waiters = this.#waiters.slice(woken);
    const [next] = this.#waiters;
    if (next === undefined || this.#rate === undefined) return;
    const wait = ((next.at - this.#allowed) / this.#rate) * 1000;
    this.#cancel = this.#clock.after(wait, () => {
      this.#cancel = undefined;
      this.#wake();
    });
  }
}

/** A limiter for `bytesPerSecond`, or one that only counts when that is undefined. */
export function createRateLimiter(bytesPerSecond: number | undefined, clock: Clock): RateLimiter {
  return bytesPerSecond === undefined ? new Unlimited() : new TokenBucket(bytesPerSecond, clock);
}
