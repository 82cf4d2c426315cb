import { Counter, Gauge, Registry } from 'prom-client';
import type { Swarm } from '../../swarm/swarm-types.ts';
import type { ContentCache } from '../cache/content-cache.ts';
import type { BlobFetcher } from '../fetch/blob-fetcher.ts';

/** What the figures are taken from. */
export interface AgentMetricsSources {
  readonly swarm: Swarm;
  readonly blobs: BlobFetcher;
  readonly cache: ContentCache;
}

/** The agent's figures for Prometheus: payload bytes of blobs and pieces. */
export class AgentMetrics {
  readonly #registry = new Registry();
  #sentToClients = 0;

  constructor({ swarm, blobs, cache }: AgentMetricsSources) {
    const registers = [this.#registry];
    const totals = (name: string, help: string, read: () => Readonly<Record<string, number>>) =>
      new Counter({
        name,
        help,
        labelNames: ['via'],
        registers,
        collect() {
          this.reset();
          for (const [via, bytes] of Object.entries(read())) this.inc({ via }, bytes);
        },
      });
    totals('docket_agent_received_bytes_total', 'Bytes of blobs that were received.', () => {
      const { received, fromWebSeeds } = swarm.totals();
      return { peers: received, registry: fromWebSeeds + blobs.plainBytes };
    });
    totals('docket_agent_sent_bytes_total', 'Bytes of blobs that were sent.', () => ({
      peers: swarm.totals().sent,
      clients: this.#sentToClients,
    }));
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge('docket_agent_cache_bytes', 'Bytes of the blobs in the cache.', () => cache.blobs.bytes);
    gauge('docket_agent_peers', 'Connected peers.', () => swarm.totals().peers);
  }

  /** Counts bytes of blobs that went to the host's clients. */
  sentToClients(bytes: number): void {
    this.#sentToClients += bytes;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The figures in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }
}
