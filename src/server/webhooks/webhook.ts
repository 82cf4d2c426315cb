import { matchesPattern } from '../../base/pattern.ts';
import type { CatalogChange } from '../../storage/outbox.ts';

export const webhookActions = ['push', 'delete'] as const;
export type WebhookAction = (typeof webhookActions)[number];

/** Somebody who wants to be told of changes over HTTP. */
export interface Webhook {
  /** Under which messages wait for it, also over a restart. Unique. */
  readonly name: string;
  readonly url: string;
  /** The key of the signature; without it nothing is signed. */
  readonly secret?: string | undefined;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  /** Default: all. */
  readonly actions?: readonly WebhookAction[] | undefined;
  /** Patterns of repositories as in retention rules; default: all. */
  readonly repositories?: readonly string[] | undefined;
  /** Milliseconds for one attempt; default 10 s. */
  readonly timeout?: number | undefined;
  /** Milliseconds until the second attempt, doubled with each further one up to five minutes; default 1 s. */
  readonly retryDelay?: number | undefined;
  /** Milliseconds after which a message is dropped; default 24 h. */
  readonly giveUpAfter?: number | undefined;
  /** The most messages that wait; the oldest are dropped. Default 10,000. */
  readonly backlog?: number | undefined;
}

export const webhookDefaults = {
  timeout: 10_000,
  retryDelay: 1000,
  giveUpAfter: 24 * 3600_000,
  backlog: 10_000,
} as const;

/** Whether a webhook wants to hear of a change. */
export function isWanted(
  { actions, repositories }: Webhook,
  { kind, repository }: CatalogChange,
): boolean {
  const action: WebhookAction = kind === 'pushed' ? 'push' : 'delete';
  if (actions !== undefined && !actions.includes(action)) return false;
  return repositories?.some((pattern) => matchesPattern(pattern, repository)) ?? true;
}
