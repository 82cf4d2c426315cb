import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { OutboxTable } from '../../storage/outbox.ts';
import type { WebhookSender } from './webhook-sender.ts';
import { webhookDefaults, type Webhook } from './webhook.ts';

/** How many messages are taken, and forgotten, at a time. */
const batch = 50;
/** Milliseconds in which messages gather: each batch costs a write to the disk. */
const gathering = 50;
const longestDelay = 300_000;

export type WebhookOutcome = 'delivered' | 'refused' | 'dropped';

export interface WebhookQueueParts {
  readonly webhook: Webhook;
  readonly outbox: OutboxTable;
  readonly sender: WebhookSender;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  readonly random: Random;
  readonly log: Log;
  /** Told what became of messages; must not throw. */
  readonly ended: (outcome: WebhookOutcome, count: number) => void;
  /** Told of each attempt that failed; must not throw. */
  readonly failed: () => void;
}

/**
 * Sends what waits for one webhook, in order and one at a time: a message that cannot be delivered holds back those after
 * it. A message is forgotten only after it was delivered, so that one may come twice, after a crash, but none gets lost.
 */
export class WebhookQueue {
  readonly #parts: WebhookQueueParts;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Attempts in a row that failed. */
  #failures = 0;
  /** True when messages came since the last look. */
  #isWoken = false;

  constructor(parts: WebhookQueueParts) {
    this.#parts = parts;
  }

  /** There may be messages. While the receiver is down they wait for the next attempt. */
  wake(): void {
    this.#isWoken = true;
    if (this.#running === undefined && this.#cancelTimer === undefined) this.#runIn(gathering);
  }

  /** Breaks off what is being sent: it is sent again after the next start. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the registry is closing'));
    this.#cancelTimer?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { webhook, log } = this.#parts;
    this.#isWoken = false;
    try {
      await this.#drop();
      while (await this.#sendSome()) this.#closing.signal.throwIfAborted();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      log.error({ webhook: webhook.name, error: messageOf(error) }, 'cannot read the outbox');
      this.#runIn(longestDelay / 10);
    }
  }

  /** Sends a batch; false when nothing is left, or the receiver must be waited for. */
  async #sendSome(): Promise<boolean> {
    const { webhook, outbox, sender, wallTime, ended, log } = this.#parts;
    const entries = await outbox.next(webhook.name, batch);
    const done: number[] = [];
    try {
      for (const entry of entries) {
        const sent = await sender.send(webhook, entry, wallTime(), this.#closing.signal);
        if (sent.kind === 'failed') {
          this.#wait(sent.why, sent.after);
          return false;
        }
        this.#failures = 0;
        done.push(entry.number);
        ended(sent.kind, 1);
        if (sent.kind === 'refused') {
          const fields = { webhook: webhook.name, id: entry.id, why: sent.why };
          log.warn(fields, 'a receiver refused a message, which is dropped');
        }
      }
    } finally {
      await outbox.remove(done);
    }
    return entries.length > 0;
  }

  /** Nothing waits for ever. */
  async #drop(): Promise<void> {
    const { webhook, outbox, wallTime, ended, log } = this.#parts;
    const { backlog = webhookDefaults.backlog, giveUpAfter = webhookDefaults.giveUpAfter } =
      webhook;
    const count = await outbox.trim(webhook.name, backlog, wallTime() - giveUpAfter);
    if (count === 0) return;
    ended('dropped', count);
    log.error({ webhook: webhook.name, count }, 'dropped messages that could not be delivered');
  }

  #wait(why: string, after: number): void {
    const { webhook, random, log, failed } = this.#parts;
    failed();
    const first = webhook.retryDelay ?? webhookDefaults.retryDelay;
    const doubled = Math.min(longestDelay, first * 2 ** Math.min(20, this.#failures));
    this.#failures++;
    // Receivers that come back should not be met by all at once.
    const delay = Math.max(after, doubled * (0.75 + random() / 4));
    const fields = {
      webhook: webhook.name,
      why,
      attempts: this.#failures,
      delay: Math.round(delay),
    };
    log.warn(fields, 'a message could not be delivered, and is tried again');
    this.#runIn(delay);
  }

  #runIn(milliseconds: number): void {
    if (this.#closing.signal.aborted) return;
    this.#cancelTimer = this.#parts.clock.after(milliseconds, () => {
      this.#cancelTimer = undefined;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (this.#isWoken && this.#cancelTimer === undefined) this.wake();
      });
    });
  }
}
