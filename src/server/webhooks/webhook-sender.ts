import { Agent, errors } from 'undici';
import { codeOf, messageOf } from '../../base/errors.ts';
import { cloudEventType } from './cloud-event.ts';
import { signatureHeaders } from './sign.ts';
import { webhookDefaults, type Webhook } from './webhook.ts';

/** What became of an attempt. */
export type Sent =
  | { readonly kind: 'delivered' }
  /** The receiver does not want this message: another attempt would change nothing. */
  | { readonly kind: 'refused'; readonly why: string }
  /** To be tried again, no sooner than in `after` milliseconds. */
  | { readonly kind: 'failed'; readonly why: string; readonly after: number };

/** Receivers answer so when something else than the message is wrong: a login, a path, a limit, an outage. */
const passing: ReadonlySet<number> = new Set([
  401, 403, 404, 405, 407, 408, 410, 421, 423, 425, 429,
]);

const longestRetryAfter = 3600_000;

/** Sends messages to receivers, one attempt at a time. Redirects are not followed. */
export class WebhookSender {
  readonly #version: string;
  readonly #agent = new Agent({ connect: { timeout: 5000 }, connections: 1, pipelining: 1 });

  constructor(version: string) {
    this.#version = version;
  }

  /** `now` is milliseconds since 1970. Rejects only by the signal. */
  async send(
    webhook: Webhook,
    message: { readonly id: string; readonly body: string },
    now: number,
    signal: AbortSignal,
  ): Promise<Sent> {
    const { url, secret, token, timeout = webhookDefaults.timeout } = webhook;
    const { origin, pathname, search } = new URL(url);
    const seconds = Math.floor(now / 1000);
    const limit = AbortSignal.timeout(timeout);
    try {
      const { statusCode, headers, body } = await this.#agent.request({
        origin,
        path: pathname + search,
        method: 'POST',
        headers: {
          'content-type': cloudEventType,
          'user-agent': `docket/${this.#version}`,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(secret === undefined ? {} : signatureHeaders(secret, { ...message, seconds })),
        },
        body: message.body,
        signal: AbortSignal.any([signal, limit]),
      });
      // Nobody needs it, but a connection serves on only after it.
      await body.dump({ limit: 65_536 }).catch(() => {});
      if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
      const why = `it answered ${statusCode}`;
      if (statusCode >= 400 && statusCode < 500 && !passing.has(statusCode)) {
        return { kind: 'refused', why };
      }
      return { kind: 'failed', why, after: retryAfter(headers['retry-after'], now) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      return { kind: 'failed', why: reasonOf(error, limit, timeout), after: 0 };
    }
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function reasonOf(error: unknown, limit: AbortSignal, timeout: number): string {
  if (limit.aborted) return `no answer within ${timeout} ms`;
  if (error instanceof errors.ConnectTimeoutError) return 'no connection within 5 s';
  return messageOf(error) || (codeOf(error) ?? 'it cannot be reached');
}

/** Seconds, or a date (RFC 9110 §10.2.3), as milliseconds from now. */
function retryAfter(header: string | string[] | undefined, now: number): number {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return 0;
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(milliseconds) ? 0 : Math.min(longestRetryAfter, Math.max(0, milliseconds));
}
