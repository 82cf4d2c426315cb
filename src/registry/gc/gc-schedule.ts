import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { GarbageCollector } from './garbage-collector.ts';

/** Milliseconds to the first run after a start, at most: a registry that is restarted every day must come to it, too. */
const firstRunAfter = 10 * 60_000;
/** Between two runs the wall clock may go so many milliseconds more or less than time did. */
const steadiness = 60_000;

export interface GcScheduleOptions {
  readonly garbage: GarbageCollector;
  /** Milliseconds between two runs. */
  readonly interval: number;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  readonly log: Log;
}

/**
 * Runs the garbage collection at intervals. A run is left out when the wall clock was moved since the one before: by a
 * clock that jumped a year ahead, everything was last in use a year ago.
 */
export class GcSchedule {
  readonly #options: GcScheduleOptions;
  readonly #closing = new AbortController();
  #cancel: () => void;
  #running: Promise<void> | undefined;
  #lead: number;

  constructor(options: GcScheduleOptions) {
    const { clock, interval } = options;
    this.#options = options;
    this.#lead = this.#leadNow();
    this.#cancel = clock.after(Math.min(firstRunAfter, interval), () => this.#tick());
  }

  /** Breaks a run off, and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the registry is closing'));
    this.#cancel();
    await this.#running;
  }

  #tick(): void {
    const { clock, interval } = this.#options;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    this.#cancel = clock.after(interval, () => this.#tick());
  }

  async #run(): Promise<void> {
    const { garbage, log } = this.#options;
    const lead = this.#leadNow();
    const moved = lead - this.#lead;
    this.#lead = lead;
    if (Math.abs(moved) > steadiness) {
      log.warn({ moved }, 'left a garbage collection out: the clock was moved since the last one');
      return;
    }
    if (garbage.isRunning) return;
    try {
      await garbage.run({ signal: this.#closing.signal });
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      log.error({ error: messageOf(error) }, 'a garbage collection failed; the next one goes on');
    }
  }

  /** How far the wall clock is ahead of the time that passed. */
  #leadNow(): number {
    return this.#options.wallTime() - this.#options.clock.now();
  }
}
