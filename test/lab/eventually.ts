import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/base/errors.ts';

export interface EventuallyOptions {
  /** Milliseconds until it counts as failed. */
  readonly within?: number;
  /** Milliseconds between two looks. */
  readonly every?: number;
  /** More to say when it failed, such as the output of the processes. */
  readonly details?: () => string;
}

/**
 * Looks again and again until `look` returns something other than undefined and false, and returns that. A look that
 * throws counts as not yet. Throws, naming `what`, when the time is over.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: EventuallyOptions = {},
): Promise<T> {
  const within = options.within ?? 20_000;
  const end = performance.now() + within;
  let last = '';
  do {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = '';
    } catch (error) {
      last = `; the last look failed: ${messageOf(error)}`;
    }
    await sleep(options.every ?? 50);
  } while (performance.now() < end);
  throw new Error(`not within ${within} ms: ${what}${last}${options.details?.() ?? ''}`);
}
