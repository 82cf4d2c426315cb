import type { Clock } from '../base/clock.ts';

/** Somebody who has news for peers. */
export interface Newsagent {
  tell(): void;
}

/** How often peers are told of new pieces and interest, in milliseconds: often enough, and much fits in one message. */
export const tellEvery = 150;

/**
 * Has all downloads of a host tell their peers what is new: at once when nothing was told for a while, else with whatever
 * else comes up until the next time. Each message costs both sides more time than its few bytes.
 */
export class Teller {
  readonly #clock: Clock;
  readonly #newsagents = new Set<Newsagent>();
  #toldAt = -Infinity;
  #isDue = false;
  #cancel = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(newsagent: Newsagent): void {
    this.#newsagents.add(newsagent);
  }

  remove(newsagent: Newsagent): void {
    this.#newsagents.delete(newsagent);
  }

  /** There is something to tell. */
  soon(): void {
    if (this.#isDue || this.#newsagents.size === 0) return;
    this.#isDue = true;
    const wait = this.#toldAt + tellEvery - this.#clock.now();
    if (wait <= 0) queueMicrotask(() => this.#tell());
    else this.#cancel = this.#clock.after(wait, () => this.#tell());
  }

  close(): void {
    this.#newsagents.clear();
    // Nor is anybody told who is added now: no timer may be left.
    this.#isDue = true;
    this.#cancel();
  }

  #tell(): void {
    this.#isDue = false;
    this.#toldAt = this.#clock.now();
    for (const newsagent of this.#newsagents) newsagent.tell();
  }
}
