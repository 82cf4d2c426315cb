import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type {
  CatalogChange,
  ChangeListener,
  OutboxMessage,
  OutboxTable,
} from '../../storage/outbox.ts';
import { cloudEvent } from './cloud-event.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';
import { WebhookQueue } from './webhook-queue.ts';
import { WebhookSender } from './webhook-sender.ts';
import { isWanted, type Webhook } from './webhook.ts';

export interface WebhooksOptions {
  readonly webhooks: readonly Webhook[];
  /** The registry's host, as others know it. */
  readonly host: string | undefined;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
}

/**
 * Tells webhooks of changes. What is to be told is written into the catalog together with the change, and sent later: a
 * push neither waits for a receiver nor fails with it, and what was acknowledged is told, also after a crash.
 */
export class Webhooks implements ChangeListener {
  readonly #options: WebhooksOptions;
  #queues: readonly WebhookQueue[] = [];
  #sender: WebhookSender | undefined;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  messagesFor(change: CatalogChange): readonly OutboxMessage[] {
    const { webhooks, host, wallTime } = this.#options;
    const wanting = webhooks.filter((webhook) => isWanted(webhook, change));
    if (wanting.length === 0) return [];
    const id = randomUUID();
    const body = cloudEvent(change, { id, host, time: wallTime() });
    return wanting.map(({ name: target }) => ({ target, id, body }));
  }

  written(): void {
    for (const queue of this.#queues) queue.wake();
  }

  /** Begins to send, first what an earlier process left. */
  async start(parts: {
    readonly outbox: OutboxTable;
    readonly metrics: WebhookMetrics;
    readonly random: Random;
    readonly log: Log;
    readonly version: string;
  }): Promise<void> {
    const { webhooks, clock, wallTime } = this.#options;
    const { outbox, metrics, log } = parts;
    const forgotten = await outbox.forgetOthers(webhooks.map(({ name }) => name));
    if (forgotten > 0) {
      log.warn({ count: forgotten }, 'dropped messages to webhooks that are not there any more');
    }
    metrics.watch(async () => {
      const backlogs = webhooks.map(
        async ({ name }) => [name, await outbox.backlog(name)] as const,
      );
      return new Map(await Promise.all(backlogs));
    });
    const sender = new WebhookSender(parts.version);
    this.#sender = sender;
    this.#queues = webhooks.map(
      (webhook) =>
        new WebhookQueue({
          ...parts,
          webhook,
          sender,
          clock,
          wallTime,
          ended: (outcome, count) => metrics.ended(webhook.name, outcome, count),
          failed: () => metrics.failed(webhook.name),
        }),
    );
    this.written();
  }

  /** Breaks off what is being sent. What was not delivered waits for the next start. Never rejects. */
  async close(log: Log): Promise<void> {
    const ended = await Promise.allSettled(this.#queues.map((queue) => queue.close()));
    for (const end of ended) {
      if (end.status === 'rejected')
        log.error({ error: messageOf(end.reason) }, 'a webhook ended badly');
    }
    await this.#sender?.close();
  }
}
