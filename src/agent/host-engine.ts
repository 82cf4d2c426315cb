import type { Clock } from '../base/clock.ts';
import { limitLink, type LinkLimits } from '../base/link-limits.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { startSwarmOnUsualPort } from '../swarm/usual-port.ts';
import type { Swarm } from '../swarm/swarm-types.ts';
import type { InfoHash } from '../torrent/ids.ts';
import type { IpRange } from '../torrent/ip-range.ts';
import type { Zone } from '../torrent/zone.ts';
import { createTrackerClient } from '../swarm/create-tracker-client.ts';
import { ContentCache } from './cache/content-cache.ts';
import { createFetcher, type Fetcher } from './fetch/create-fetcher.ts';
import { WebSeedClient } from '../swarm/web-seed-client.ts';
import { authorizedRanges } from './upstream/authorized-ranges.ts';
import { RegistryLogin, type Credentials } from './upstream/registry-login.ts';
import { Upstream } from './upstream/upstream.ts';

export interface HostEngineOptions {
  /** The registry's base URL. */
  readonly registry: URL;
  /** Who this host is at the registry; default: nobody. */
  readonly credentials?: (() => Promise<Credentials | undefined>) | undefined;
  /** The folder of the cache; no other process may have it open. */
  readonly location: string;
  /** Where peers are accepted: default all addresses. */
  readonly peerHost?: string | undefined;
  /** Default 6881, or any free port when that is taken. */
  readonly peerPort?: number | undefined;
  /** The networks that peers are in: no others are dialled or accepted. Default: they can be anywhere. */
  readonly peersFrom?: readonly IpRange[] | undefined;
  /** The most connections to peers; default 2000. */
  readonly maxPeers?: number | undefined;
  /** Limits the link to peers and the registry. */
  readonly link?: LinkLimits | undefined;
  /** Where this host stands: its peers are then mostly of that zone. */
  readonly zone?: Zone | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What a host needs to pull images: a cache, a swarm and a registry to fetch from. */
export interface HostEngine extends AsyncDisposable {
  readonly upstream: Upstream;
  readonly cache: ContentCache;
  readonly swarm: Swarm;
  readonly fetcher: Fetcher;
  /** Ends all fetches, leaves the swarms and unlocks the folder. What was fetched stays. */
  close(): Promise<void>;
}

/**
 * Starts what an agent, or `docket pull` on a host without one, pulls by. It seeds all that the cache holds already.
 * Throws StorageError STORAGE_LOCKED when the folder is in use, or the system's error when the port cannot be had.
 */
export async function startHostEngine(options: HostEngineOptions): Promise<HostEngine> {
  const { registry, location, clock, random, log } = options;
  const cache = await ContentCache.open(location, log);
  const credentials = options.credentials ?? (() => Promise.resolve(undefined));
  const login = new RegistryLogin({ registry, credentials, clock });
  const upstream = new Upstream({ registry, clock, login });
  const trackerClient = createTrackerClient({
    clock,
    random,
    headersFor: (method, url) => login.headers(method, url),
  });
  const link = limitLink(options.link ?? {}, clock, Date.now);
  const { upload, download } = link;
  let fetcher: Fetcher | undefined;
  const swarmOptions = {
    clock,
    random,
    log,
    upload,
    download,
    trackerClient,
    webSeedClient: authorizedRanges(new WebSeedClient(), login),
    seed: (infoHash: InfoHash) => cache.seed(infoHash),
    damaged: (infoHash: InfoHash) => void fetcher?.blobs.heal(infoHash),
    zone: options.zone,
    peersFrom: options.peersFrom,
    maxPeers: options.maxPeers,
  };
  try {
    const swarm = await startSwarmOnUsualPort(swarmOptions, options.peerHost, options.peerPort);
    const made = createFetcher({ upstream, cache, swarm, download, clock, random, log });
    fetcher = made;
    void made.blobs.seedAll().catch((error: unknown) => {
      log.error({ error }, 'what the cache holds cannot be seeded');
    });
    const close = async (): Promise<void> => {
      await made.blobs.close();
      await swarm.close();
      link.stop();
      await trackerClient.close();
      await upstream.close();
      await login.close();
      await cache.close();
    };
    return { upstream, cache, swarm, fetcher: made, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    link.stop();
    await trackerClient.close();
    await upstream.close();
    await login.close();
    await cache.close();
    throw error;
  }
}
