/** Slow is what takes so many times the usual time, and so many milliseconds at least. */
const slowFactor = 3;
const slowAtLeast = 300;
/** A turn, in milliseconds, that is worth what it costs. */
const longEnough = 150;
/** One time more moves the usual one by so much: it tends to the median, which a few very slow ones do not change. */
const step = 1.1;

/** How long the turns of many peers usually take at one host. */
export class TurnTimes {
  #usual: number | undefined;

  /** A turn's bytes went through in so many milliseconds. */
  took(milliseconds: number): void {
    const usual = this.#usual;
    if (usual === undefined) this.#usual = milliseconds;
    else this.#usual = milliseconds > usual ? usual * step : usual / step;
  }

  /** The part of a turn that takes long enough: on a slow link small pieces are passed on one by one. */
  get part(): number {
    return this.#usual === undefined ? 1 : Math.min(1, longEnough / this.#usual);
  }

  isSlow(milliseconds: number): boolean {
    return (
      this.#usual !== undefined && milliseconds > Math.max(slowAtLeast, this.#usual * slowFactor)
    );
  }
}

/**
 * Whether one peer takes, or gives, much more slowly than others do. Such a one does not count as one of the few: its link
 * is thin, and while it fills that, most of ours would lie idle.
 */
export class TurnMeter {
  readonly #times: TurnTimes;
  readonly #turnBytes: number;
  /** Since when the bytes of this turn are on their way; undefined: none are. */
  #since: number | undefined;
  #bytes = 0;
  /** What the last turn took. */
  #took = 0;

  constructor(times: TurnTimes, turnBytes: number) {
    this.#times = times;
    this.#turnBytes = turnBytes;
  }

  /** There is something to go through now. */
  begin(now: number): void {
    if (this.#since !== undefined) return;
    this.#since = now;
    this.#bytes = 0;
  }

  /** So many bytes went through. */
  passed(bytes: number, now: number): void {
    if (this.#since === undefined) return;
    this.#bytes += bytes;
    if (this.#bytes < this.#turnBytes) return;
    this.#took = ((now - this.#since) * this.#turnBytes) / this.#bytes;
    this.#times.took(this.#took);
    this.#since = now;
    this.#bytes = 0;
  }

  /** There is nothing more to go through. */
  end(now: number): void {
    // Half a turn tells as much as a whole one.
    if (this.#bytes * 2 >= this.#turnBytes) this.passed(this.#turnBytes - this.#bytes, now);
    this.#since = undefined;
  }

  isSlow(now: number): boolean {
    const running = this.#since === undefined ? 0 : now - this.#since;
    return this.#times.isSlow(Math.max(running, this.#took));
  }
}
