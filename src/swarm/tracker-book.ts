import { TrackerOrder, type TrackerTiers } from '../torrent/tracker-tiers.ts';
import { TrackerSchedule, type ScheduleParts } from './tracker-schedule.ts';

/** Milliseconds that the trackers have to hear a good-bye. */
const farewell = 1_000;
/** Good-byes within so many milliseconds share that time. */
const together = 50;

/** All trackers that the torrents of this process are announced to. */
export class TrackerBook {
  readonly #parts: ScheduleParts;
  readonly #schedules = new Map<string, TrackerSchedule>();
  /** What one torrent learned of the trackers of its tiers, all with the same tiers know. */
  readonly #orders = new Map<string, TrackerOrder>();
  /** Each ends a time to say good-bye that is not over. */
  readonly #farewells = new Set<() => void>();
  #farewell: { readonly over: Promise<void>; readonly begun: number } | undefined;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
  }

  random(): number {
    return this.#parts.random();
  }

  now(): number {
    return this.#parts.clock.now();
  }

  order(tiers: TrackerTiers): TrackerOrder {
    const key = JSON.stringify(tiers);
    const known = this.#orders.get(key);
    if (known !== undefined) return known;
    const order = new TrackerOrder(tiers, this.#parts.random);
    this.#orders.set(key, order);
    return order;
  }

  at(url: string): TrackerSchedule {
    const known = this.#schedules.get(url);
    if (known !== undefined) return known;
    const schedule = new TrackerSchedule(url, this.#parts);
    this.#schedules.set(url, schedule);
    return schedule;
  }

  /** Resolves when the time to say good-bye is over. */
  farewellOver(): Promise<void> {
    const now = this.now();
    if (this.#farewell === undefined || now - this.#farewell.begun > together) {
      this.#farewell = { over: this.#waitFarewell(), begun: now };
    }
    return this.#farewell.over;
  }

  /** Breaks off what is under way; nobody waits any longer. */
  close(): void {
    for (const schedule of this.#schedules.values()) schedule.close();
    for (const end of this.#farewells) end();
  }

  #waitFarewell(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#farewells.delete(end);
        resolve();
      };
      const cancel = this.#parts.clock.after(farewell, end);
      this.#farewells.add(end);
    });
  }
}
