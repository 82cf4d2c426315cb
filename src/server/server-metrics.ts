import { collectDefaultMetrics, Counter, Gauge, Registry as Register } from 'prom-client';
import type { SwarmTotals } from '../swarm/swarm-types.ts';
import type { Traffic } from './traffic.ts';

/** What the registry tells Prometheus. */
export class ServerMetrics {
  readonly #register = new Register();

  constructor(parts: { readonly traffic: Traffic; readonly swarm: () => SwarmTotals }) {
    const { traffic, swarm } = parts;
    const registers: [] = [];
    const register = this.#register;
    register.registerMetric(
      new Counter({
        name: 'docket_registry_sent_bytes_total',
        help: 'Bytes of blobs sent to clients over HTTP and of pieces sent to peers.',
        labelNames: ['via'],
        registers,
        collect() {
          this.reset();
          this.inc({ via: 'http' }, traffic.sent);
          this.inc({ via: 'peers' }, swarm().sent);
        },
      }),
    );
    register.registerMetric(
      new Counter({
        name: 'docket_registry_received_bytes_total',
        help: 'Bytes of blobs received from clients.',
        labelNames: ['via'],
        registers,
        collect() {
          this.reset();
          this.inc({ via: 'http' }, traffic.received);
        },
      }),
    );
    register.registerMetric(
      new Gauge({
        name: 'docket_registry_peers',
        help: 'Peers connected to the seeder.',
        registers,
        collect() {
          this.set(swarm().peers);
        },
      }),
    );
    register.registerMetric(
      new Gauge({
        name: 'docket_registry_active_torrents',
        help: 'Torrents that the seeder has open for peers.',
        registers,
        collect() {
          this.set(swarm().torrents);
        },
      }),
    );
    collectDefaultMetrics({ register });
  }

  get contentType(): string {
    return this.#register.contentType;
  }

  /** All metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    return await this.#register.metrics();
  }
}
