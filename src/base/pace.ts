/** The shortest time, in milliseconds, that a pace is measured over. */
const window = 100;

/** How fast something comes, in units a millisecond: the mean of the latest windows, the newest counting half. */
export class Pace {
  #since: number;
  #last: number;
  #count = 0;
  #rate = 0;

  constructor(now: number) {
    this.#since = now;
    this.#last = now;
  }

  get rate(): number {
    return this.#rate;
  }

  /** `count` units came at `now`. */
  came(count: number, now: number): void {
    this.#count += count;
    this.#last = now;
    const took = now - this.#since;
    if (took < window) return;
    const latest = this.#count / took;
    this.#rate = this.#rate === 0 ? latest : (this.#rate + latest) / 2;
    this.#since = now;
    this.#count = 0;
  }

  /** Since the last that came there was a pause that says nothing about the pace. */
  resume(now: number): void {
    this.#since += now - this.#last;
    this.#last = now;
  }
}
