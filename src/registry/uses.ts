import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/**
 * Sees to it that what clients count on is noted before they are told of it: the garbage collection leaves it alone for
 * its grace. It is noted seldom, not to write at every request; the garbage collection waits longer by as much.
 */
export class Uses {
  readonly #log: Log;
  readonly #wallTime: () => number;
  readonly #staleAfter: number;

  constructor(parts: {
    readonly log: Log;
    /** Milliseconds since 1970. */
    readonly wallTime: () => number;
    /** A use that was noted so many milliseconds ago, or fewer, need not be noted again. */
    readonly staleAfter: number;
  }) {
    this.#log = parts.log;
    this.#wallTime = parts.wallTime;
    this.#staleAfter = parts.staleAfter;
  }

  /** A use must be noted when the last one was before this time, in milliseconds since 1970. */
  staleBefore(): number {
    return this.#wallTime() - this.#staleAfter;
  }

  /** A full or failing disk, which takes no note, must not keep anybody from reading: it removes nothing either. Gives undefined then. */
  async note<T>(write: () => Promise<T>): Promise<T | undefined> {
    try {
      return await write();
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, 'could not note that something is in use');
      return undefined;
    }
  }
}
