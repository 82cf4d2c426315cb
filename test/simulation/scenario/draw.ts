import { randomInteger, type Random } from '../../../src/base/random.ts';

/** One of the items, each as likely. */
export function one<const T>(random: Random, items: readonly T[]): T {
  return items[randomInteger(random, items.length)] as T;
}
