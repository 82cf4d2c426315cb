import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { RateLimiter } from '../../base/rate-limiter.ts';
import type { Swarm } from '../../swarm/swarm-types.ts';
import type { ContentCache } from '../cache/content-cache.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { BlobFetcher } from './blob-fetcher.ts';
import { ManifestFetcher } from './manifest-fetcher.ts';

/** What fetching works with. The caller makes these, and closes them after the fetcher. */
export interface FetcherOptions {
  readonly upstream: Upstream;
  readonly cache: ContentCache;
  /** Started with `seed: (infoHash) => cache.seed(infoHash)`. */
  readonly swarm: Swarm;
  /** Limits what comes over plain HTTP; give the swarm the same one. */
  readonly download: RateLimiter;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Manifests and blobs of one registry, over the swarm as far as it helps. */
export interface Fetcher {
  readonly manifests: ManifestFetcher;
  readonly blobs: BlobFetcher;
}

/** A fetcher for an agent, or for one pull without an agent. Close it by `blobs.close()`. */
export function createFetcher(options: FetcherOptions): Fetcher {
  const { upstream, cache, swarm, download, clock, random, log } = options;
  const blobs = new BlobFetcher({ upstream, cache, swarm, limiter: download, clock, random, log });
  return { blobs, manifests: new ManifestFetcher({ upstream, cache, blobs, log }) };
}
