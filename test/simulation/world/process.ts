import type { Clock } from '../../../src/base/clock.ts';
import type { Happening, Timeline } from './timeline.ts';

/**
 * One program on one machine. All that reaches it (time, bytes, the disk's answers) comes through `after`, so that it can be
 * killed at any moment, as by SIGKILL: nothing of it runs any more, and nobody is told.
 */
export class Process {
  readonly timeline: Timeline;
  /** The clock for the program, whose waiting tasks `timers` counts. */
  readonly clock: Clock;
  /** A clock for what is handed in to the program: its waits are not the program's. */
  readonly outerClock: Clock;
  isDead = false;
  /** Milliseconds that it stood still so far. */
  stoodStill = 0;
  #timers = 0;
  #stoppedUntil = 0;
  readonly #atDeath = new Set<() => void>();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    const now = (): number => timeline.now;
    this.outerClock = { now, after: (milliseconds, task) => this.after(milliseconds, task) };
    this.clock = { now, after: (milliseconds, task) => this.#timer(milliseconds, task) };
  }

  /** How many of the program's timers wait. */
  get timers(): number {
    return this.#timers;
  }

  /** Runs `task` in the program after `milliseconds`, unless it is dead by then; later when it stands still. */
  after(milliseconds: number, task: () => void): () => void {
    let happening: Happening;
    const wake = (): void => {
      if (this.isDead) return;
      if (this.timeline.now >= this.#stoppedUntil) return task();
      happening = this.timeline.plan(this.#stoppedUntil, wake);
    };
    happening = this.timeline.plan(this.timeline.now + milliseconds, wake);
    return () => (happening.task = undefined);
  }

  /** Runs `task` in the program at once, or when it stands still no more; not when it is dead. */
  enter(task: () => void): void {
    if (this.isDead) return;
    if (this.timeline.now >= this.#stoppedUntil) task();
    else this.after(0, task);
  }

  /** Stands still, as by SIGSTOP, a swapping machine or a long collection. */
  stop(milliseconds: number): void {
    this.stoodStill += milliseconds;
    this.#stoppedUntil = Math.max(this.#stoppedUntil, this.timeline.now + milliseconds);
  }

  /** Calls `task` when the program is killed; the returned function calls that off. */
  atDeath(task: () => void): () => void {
    this.#atDeath.add(task);
    return () => this.#atDeath.delete(task);
  }

  kill(): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const task of this.#atDeath) task();
  }

  #timer(milliseconds: number, task: () => void): () => void {
    if (!Number.isFinite(milliseconds)) throw new Error(`a timer of ${milliseconds} ms`);
    let isWaiting = true;
    this.#timers++;
    const done = (): void => {
      if (isWaiting) this.#timers--;
      isWaiting = false;
    };
    const cancel = this.after(milliseconds, () => {
      done();
      task();
    });
    return () => {
      done();
      cancel();
    };
  }
}
