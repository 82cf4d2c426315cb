import { readVersion } from '../base/version.ts';
import { systemClock } from '../base/clock.ts';
import { DocketError, messageOf } from '../base/errors.ts';
import type { LinkLimits } from '../base/link-limits.ts';
import type { Log } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { parseWebUrl } from '../base/web-url.ts';
import { RequestObserver } from '../observe/request-observer.ts';
import type { IpRange } from '../torrent/ip-range.ts';
import type { Zone } from '../torrent/zone.ts';
import { credentialsFrom } from './upstream/docker-config.ts';
import { startHostEngine } from './host-engine.ts';
import { AgentMetrics } from './mirror/agent-metrics.ts';
import { Mirror } from './mirror/mirror.ts';
import { Origins } from './mirror/origins.ts';

export interface AgentOptions {
  /** The registry's base URL, such as `http://registry:8000`. */
  readonly registry: string;
  /** The file with the login for the registry: `{"username", "password"}`, or a Docker config.json. */
  readonly credentials?: string | undefined;
  /** Where the host's container runtimes reach the mirror: default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 8010; 0 takes a free one. */
  readonly port?: number | undefined;
  /** The folder of the cache. */
  readonly location: string;
  /** Where peers are accepted: default all addresses. */
  readonly peerHost?: string | undefined;
  /** Default 6881, or any free port when that is taken; 0 takes a free one. */
  readonly peerPort?: number | undefined;
  /** The networks that peers are in: no others are dialled or accepted. Default: they can be anywhere. */
  readonly peersFrom?: readonly IpRange[] | undefined;
  /** The most connections to peers; default 2000. */
  readonly maxPeers?: number | undefined;
  /** Limits the link to peers and the registry. */
  readonly link?: LinkLimits | undefined;
  /** Where the host stands, so that bytes cross into its zone about once. */
  readonly zone?: Zone | undefined;
  /** Further names, `host` or `host:port`, under which runtimes know the registry. */
  readonly aliases?: readonly string[] | undefined;
  /** Whether each request gets a line in the log: default yes. */
  readonly accessLog?: boolean | undefined;
  readonly log: Log;
}

/** An agent that runs. */
export interface AgentRole extends AsyncDisposable {
  /** Of the mirror. */
  readonly url: string;
  readonly peerPort: number;
  /** Breaks off what is being served and fetched, leaves the swarms, and resolves when all is down. */
  close(): Promise<void>;
}

/** Raised when an agent cannot be started as it was told to. */
export class AgentError extends DocketError {
  declare readonly code: 'AGENT_REGISTRY_INVALID';
}

/**
 * Starts a host's agent: a mirror for its container runtimes, which takes part in the swarms. Throws AgentError,
 * StorageError STORAGE_LOCKED when another agent has the folder, or the system's error when an address is taken.
 */
export async function startAgent(options: AgentOptions): Promise<AgentRole> {
  const { log, host = '127.0.0.1', port = 8010 } = options;
  const registry = registryUrl(options.registry);
  if (isOwnAddress(registry, host, port)) {
    throw new AgentError(
      'AGENT_REGISTRY_INVALID',
      `${registry.host} is the agent's own address; name the registry's, or give the agent another --port`,
    );
  }
  const { credentials } = options;
  const login =
    credentials === undefined ? undefined : () => credentialsFrom(credentials, registry);
  // What cannot be read should be noticed now; later it may be written anew at any time.
  await login?.();
  const engine = await startHostEngine({
    registry,
    credentials: login,
    location: options.location,
    peerHost: options.peerHost,
    peerPort: options.peerPort,
    peersFrom: options.peersFrom,
    maxPeers: options.maxPeers,
    link: options.link,
    zone: options.zone,
    clock: systemClock,
    random: systemRandom,
    log,
  });
  try {
    const { upstream, cache, swarm, fetcher } = engine;
    const { blobs } = fetcher;
    const metrics = new AgentMetrics({ swarm, blobs, cache });
    const about = {
      version: await readVersion(),
      registry: registry.href,
      peerPort: swarm.port,
      zone: options.zone,
    };
    const mirror = await Mirror.start({
      host,
      port,
      origins: new Origins(registry, options.aliases ?? []),
      registry,
      service: {
        fetcher,
        cache,
        upstream,
        clock: systemClock,
        onSent: (bytes) => metrics.sentToClients(bytes),
      },
      api: { about, blobs, cache, metrics },
      observer: new RequestObserver({
        role: 'agent',
        metrics: metrics.requests,
        log,
        clock: systemClock,
        accessLog: options.accessLog ?? true,
      }),
      log,
    });
    // It may come up later, but a wrong address should be noticed now.
    upstream.ping().catch((error: unknown) => {
      log.warn(
        { registry: registry.href, error: messageOf(error) },
        'the registry does not answer',
      );
    });
    const close = async (): Promise<void> => {
      await mirror.close();
      await engine.close();
    };
    return { url: mirror.url, peerPort: swarm.port, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** A host and port alone mean plain HTTP. Credentials in the URL would end in logs and torrents. */
function registryUrl(text: string): URL {
  const url = parseWebUrl(text.includes('://') ? text : `http://${text}`);
  if (url !== undefined) return url;
  throw new AgentError(
    'AGENT_REGISTRY_INVALID',
    'the registry must be an http or https URL without user and password',
  );
}

/** An agent that fetched from itself would ask itself for ever. */
function isOwnAddress(registry: URL, host: string, port: number): boolean {
  const names = [host, 'localhost', '127.0.0.1', '[::1]'];
  const registryPort = Number(registry.port) || (registry.protocol === 'https:' ? 443 : 80);
  return registryPort === port && names.includes(registry.hostname);
}
