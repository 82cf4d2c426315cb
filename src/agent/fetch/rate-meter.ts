import type { Clock } from '../../base/clock.ts';

/** Older bytes count for less: by this many milliseconds, about a third. */
const memory = 3000;

/** Bytes a second, smoothed over some seconds. */
export class RateMeter {
  readonly #clock: Clock;
  #amount = 0;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  add(bytes: number): void {
    this.#amount = this.#faded() + bytes;
    this.#at = this.#clock.now();
  }

  get bytesPerSecond(): number {
    return Math.round((this.#faded() / memory) * 1000);
  }

  #faded(): number {
    return this.#amount * Math.exp((this.#at - this.#clock.now()) / memory);
  }
}
