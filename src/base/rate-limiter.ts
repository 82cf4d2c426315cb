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
}

/** Only counts. */
export class Unlimited implements RateLimiter {
  total = 0;

  take(bytes: number): undefined {
    this.total += bytes;
  }
}

/** A token bucket of `bytesPerSecond` that holds at most `burst` bytes (default: what flows in 50 ms). */
export class TokenBucket implements RateLimiter {
  readonly #perMillisecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  /** The moment at which all bytes taken so far have flowed. */
  #paidUntil: number;
  total = 0;

  constructor(bytesPerSecond: number, clock: Clock, burst = Math.max(16_384, bytesPerSecond / 20)) {
    this.#perMillisecond = bytesPerSecond / 1000;
    this.#burst = burst / this.#perMillisecond;
    this.#clock = clock;
    this.#paidUntil = clock.now() - this.#burst;
  }

  take(bytes: number): Promise<void> | undefined {
    this.total += bytes;
    const now = this.#clock.now();
    this.#paidUntil = Math.max(this.#paidUntil, now - this.#burst) + bytes / this.#perMillisecond;
    const wait = this.#paidUntil - now;
    if (wait <= 0) return undefined;
    return new Promise((resolve) => void this.#clock.after(wait, resolve));
  }
}

/** A limiter for `bytesPerSecond`, or one that only counts when that is undefined. */
export function createRateLimiter(bytesPerSecond: number | undefined, clock: Clock): RateLimiter {
  return bytesPerSecond === undefined ? new Unlimited() : new TokenBucket(bytesPerSecond, clock);
}
