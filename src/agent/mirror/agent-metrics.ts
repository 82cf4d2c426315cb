import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { RequestMetrics } from '../../observe/request-metrics.ts';
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
  readonly register = new Registry();
  readonly requests = new RequestMetrics(this.register, 'docket_agent');
  #sentToClients = 0;

  constructor({ swarm, blobs, cache }: AgentMetricsSources) {
    const registers = [this.register];
    const totals = (
      name: string,
      help: string,
      read: () => Readonly<Record<string, number>>,
      label = 'via',
    ) =>
      new Counter({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [value, figure] of Object.entries(read()))
            this.inc({ [label]: value }, figure);
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
    totals(
      'docket_agent_blobs_total',
      'Blobs that were asked for and found in the cache, fetched, or not to be had.',
      () => blobs.outcomes,
      'outcome',
    );
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
    gauge(
      'docket_agent_fetches_under_way',
      'Blobs that are being fetched.',
      () => blobs.downloads().filter(({ state }) => state === 'downloading').length,
    );
    gauge(
      'docket_agent_active_torrents',
      'Torrents that are open for peers.',
      () => swarm.totals().torrents,
    );
    gauge('docket_agent_peers', 'Connected peers.', () => swarm.totals().peers);
    collectDefaultMetrics({ register: this.register });
  }

  /** Counts bytes of blobs that went to the host's clients. */
  sentToClients(bytes: number): void {
    this.#sentToClients += bytes;
  }

  get contentType(): string {
    return this.register.contentType;
  }

  /** The figures in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.register.metrics();
  }
}
