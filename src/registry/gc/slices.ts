import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds of work without a rest: nobody notices a request that waits for so long. */
const longest = 6;

/**
 * Cuts long work into short slices with rests between them, in which requests are answered: the database answers without
 * ever giving the processor away.
 */
export class Slices {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  /** `signal` ends the work at its next rest. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Rests as long as was worked, when that was long enough. Throws the signal's reason. */
  async rest(): Promise<void> {
    this.#signal?.throwIfAborted();
    const worked = performance.now() - this.#since;
    if (worked < longest) return;
    await delay(Math.min(worked, 50));
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }

  /** Runs work that yields now and then. */
  async run<T>(steps: Generator<void, T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      await this.rest();
    }
  }

  /** Every entry of a list that is read page by page. */
  async *pages<T>(
    read: (page: {
      readonly after: string | undefined;
      readonly limit: number;
    }) => Promise<readonly T[]>,
    keyOf: (entry: T) => string,
    limit: number,
  ): AsyncGenerator<readonly T[]> {
    let after: string | undefined;
    for (;;) {
      const page = await read({ after, limit });
      await this.rest();
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      after = keyOf(last);
      if (page.length < limit) return;
    }
  }
}
