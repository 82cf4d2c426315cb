import { formatBytes, formatDuration } from '../../base/units.ts';

/** How fast something goes, smoothed over about three seconds. */
export class RateMeter {
  readonly #now: () => number;
  #at: number;
  #done: number | undefined;
  #rate = 0;

  /** `now` gives milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  /** Bytes a second, now that `done` bytes are there. */
  rate(done: number): number {
    const now = this.#now();
    const elapsed = now - this.#at;
    if (this.#done === undefined || done < this.#done) {
      this.#done = done;
      this.#at = now;
      return this.#rate;
    }
    if (elapsed < 200) return this.#rate;
    const latest = ((done - this.#done) / elapsed) * 1000;
    const weight = this.#rate === 0 ? 1 : 1 - Math.exp(-elapsed / 3000);
    this.#rate += (latest - this.#rate) * weight;
    this.#at = now;
    this.#done = done;
    return this.#rate;
  }

  /** `12.5 MB/s  3.2s left`. */
  text(done: number, total: number): string {
    return rateText(this.rate(done), total - done);
  }
}

/** `12.5 MB/s  3.2s left` for `rate` bytes a second and `left` bytes. */
export function rateText(rate: number, left: number): string {
  if (rate <= 0) return '';
  return `${formatBytes(rate)}/s  ${formatDuration((left / rate) * 1000)} left`;
}
