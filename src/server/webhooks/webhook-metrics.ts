import { Counter, Gauge, type Registry } from 'prom-client';
import type { OutboxBacklog } from '../../storage/outbox.ts';
import type { WebhookOutcome } from './webhook-queue.ts';

/** What waits for each webhook, by name. */
export type Backlogs = () => Promise<ReadonlyMap<string, OutboxBacklog>>;

/** What is counted of webhooks. */
export class WebhookMetrics {
  readonly #messages: Counter<'webhook' | 'outcome'>;
  readonly #failures: Counter<'webhook'>;
  #backlogs: Backlogs = async () => new Map();

  constructor(register: Registry, wallTime: () => number) {
    const registers = [register];
    this.#messages = new Counter({
      name: 'docket_registry_webhook_messages_total',
      help: 'Messages to webhooks that were delivered, refused by their receiver, or dropped as too old or too many.',
      labelNames: ['webhook', 'outcome'],
      registers,
    });
    this.#failures = new Counter({
      name: 'docket_registry_webhook_failed_attempts_total',
      help: 'Attempts to deliver a message that failed and are made again.',
      labelNames: ['webhook'],
      registers,
    });
    const backlogs = (): ReturnType<Backlogs> => this.#backlogs();
    const gauge = (name: string, help: string, read: (backlog: OutboxBacklog) => number) =>
      new Gauge({
        name: `docket_registry_webhook_${name}`,
        help,
        labelNames: ['webhook'],
        registers,
        async collect() {
          this.reset();
          for (const [webhook, backlog] of await backlogs()) this.set({ webhook }, read(backlog));
        },
      });
    gauge('backlog', 'Messages that wait for a webhook.', ({ count }) => count);
    gauge(
      'backlog_age_seconds',
      'How long the oldest of these messages has waited.',
      ({ oldest }) => (oldest === undefined ? 0 : Math.max(0, wallTime() - oldest) / 1000),
    );
  }

  /** From now on tells what waits. */
  watch(backlogs: Backlogs): void {
    this.#backlogs = backlogs;
  }

  ended(webhook: string, outcome: WebhookOutcome, count: number): void {
    this.#messages.inc({ webhook, outcome }, count);
  }

  failed(webhook: string): void {
    this.#failures.inc({ webhook });
  }
}
