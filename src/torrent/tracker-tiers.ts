import { shuffled, type Random } from '../base/random.ts';

/**
 * The trackers of a torrent (BEP 12): those of one tier stand for each other, and each tier for all before it. No tier is
 * empty and no URL stands twice.
 */
export type TrackerTiers = readonly (readonly string[])[];

/** The most URLs that are taken from one torrent. */
const mostTrackers = 64;

/** Tiers from what others wrote: empty and repeated URLs and empty tiers are left out, and what is too much. */
export function trackerTiers(tiers: Iterable<Iterable<string>>): TrackerTiers {
  const seen = new Set<string>(['']);
  const result: string[][] = [];
  for (const tier of tiers) {
    const urls: string[] = [];
    for (const url of tier) {
      if (seen.has(url) || seen.size > mostTrackers) continue;
      seen.add(url);
      urls.push(url);
    }
    if (urls.length > 0) result.push(urls);
  }
  return result;
}

/**
 * In which order trackers are tried: tier after tier, each shuffled once, and whoever answered first in its tier from
 * then on. All torrents with the same tiers can share one.
 */
export class TrackerOrder {
  readonly #tiers: readonly string[][];

  constructor(tiers: TrackerTiers, random: Random) {
    this.#tiers = tiers.map((tier) => shuffled(random, tier));
  }

  *[Symbol.iterator](): Iterator<string> {
    for (const tier of this.#tiers) yield* tier;
  }

  /** A tracker has answered. */
  answered(url: string): void {
    for (const tier of this.#tiers) {
      const index = tier.indexOf(url);
      if (index > 0) tier.unshift(...tier.splice(index, 1));
    }
  }
}
