import { collectDefaultMetrics, Counter, Gauge, Registry as Register } from 'prom-client';
import { codeOf } from '../base/errors.ts';
import { RequestMetrics } from '../observe/request-metrics.ts';
import type { SwarmTotals } from '../swarm/swarm-types.ts';
import type { GcFigures } from './gc-figures.ts';
import type { StorageFigures } from './storage-figures.ts';
import type { Traffic } from './traffic.ts';
import { WebhookMetrics } from './webhooks/webhook-metrics.ts';

/** What the figures are taken from. */
export interface ServerMetricsSources {
  readonly traffic: Traffic;
  readonly swarm: () => SwarmTotals;
  readonly storage: () => Promise<StorageFigures>;
  readonly gc: GcFigures;
  /** Uploads that this process has under way. */
  readonly uploads: () => number;
}

/** What the registry tells Prometheus. */
export class ServerMetrics {
  /** Others register their figures here, too. */
  readonly register = new Register();
  readonly requests = new RequestMetrics(this.register, 'docket_registry');
  readonly webhooks = new WebhookMetrics(this.register, Date.now);
  readonly #failures: Counter<'code'>;
  readonly #auditLost: Counter;

  constructor(sources: ServerMetricsSources) {
    const { traffic, swarm, storage, gc, uploads } = sources;
    const { register } = this;
    const registers = [register];
    const counter = (
      name: string,
      help: string,
      label: string,
      read: () => Readonly<Record<string, number>>,
    ) =>
      new Counter({
        name: `docket_registry_${name}`,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [value, figure] of Object.entries(read()))
            this.inc({ [label]: value }, figure);
        },
      });
    const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
      new Gauge({
        name: `docket_registry_${name}`,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    counter(
      'sent_bytes_total',
      'Bytes of blobs sent to clients over HTTP and of pieces sent to peers.',
      'via',
      () => ({ http: traffic.sent, peers: swarm().sent }),
    );
    counter('received_bytes_total', 'Bytes of blobs received from clients.', 'via', () => ({
      http: traffic.received,
    }));
    counter('announces_total', 'Announces to the built-in tracker.', 'via', () => ({
      http: traffic.announces,
    }));
    counter('gc_removed_total', 'What garbage collections removed.', 'kind', () => gc.removals);
    counter('gc_runs_total', 'Garbage collections, by how they ended.', 'outcome', () => gc.runs);
    register.registerMetric(
      new Counter({
        name: 'docket_registry_gc_freed_bytes_total',
        help: 'Room that garbage collections gave free.',
        registers: [],
        collect() {
          this.reset();
          this.inc(gc.freedBytes);
        },
      }),
    );
    gauge(
      'gc_last_duration_seconds',
      'How long the last garbage collection took.',
      () => gc.last?.duration ?? NaN,
    );
    gauge(
      'gc_last_end_timestamp_seconds',
      'When the last garbage collection ended, since 1970.',
      () => gc.last?.endedAt ?? NaN,
    );
    gauge('peers', 'Peers connected to the seeder.', () => swarm().peers);
    gauge(
      'active_torrents',
      'Torrents that the seeder has open for peers.',
      () => swarm().torrents,
    );
    gauge('uploads_under_way', 'Uploads that clients have begun and not ended.', uploads);
    gauge(
      'storage_free_bytes',
      'Room that is left where the blobs are.',
      async () => (await storage()).free,
    );
    gauge(
      'storage_size_bytes',
      'Room that there is where the blobs are, used or not.',
      async () => (await storage()).size,
    );
    gauge('blobs', 'Blobs that repositories link.', async () => (await storage()).blobs);
    gauge('blob_bytes', 'Bytes of all blobs, each once.', async () => (await storage()).blobBytes);
    gauge(
      'damaged_blobs',
      'Blobs that were found damaged or missing, and not got back yet.',
      async () => (await storage()).damagedBlobs,
    );
    gauge(
      'repositories',
      'Repositories, also empty ones.',
      async () => (await storage()).repositories,
    );
    gauge('manifests', 'Manifests in all repositories.', async () => (await storage()).manifests);
    gauge('tags', 'Tags in all repositories.', async () => (await storage()).tags);
    this.#failures = new Counter({
      name: 'docket_registry_failures_total',
      help: 'Requests that failed by no fault of the client, by what failed, such as STORAGE_FULL.',
      labelNames: ['code'],
      registers,
    });
    this.#auditLost = new Counter({
      name: 'docket_registry_audit_lost_total',
      help: 'Lines of the audit log that could not be kept.',
      registers,
    });
    collectDefaultMetrics({ register });
  }

  /** A request failed here. */
  failed(code: string, error: unknown): void {
    this.#failures.inc({ code: codeOf(error) ?? code });
  }

  /** A line of the audit log could not be kept. */
  lostAuditLine(): void {
    this.#auditLost.inc();
  }

  get contentType(): string {
    return this.register.contentType;
  }

  /** All metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    return await this.register.metrics();
  }
}
