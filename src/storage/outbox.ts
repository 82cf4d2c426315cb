import type { Digest } from '../oci/digest.ts';
import type { Repository, Tag } from '../oci/reference.ts';

/** What happened to a repository. */
export type CatalogChange =
  | {
      readonly kind: 'pushed';
      readonly repository: Repository;
      readonly digest: Digest;
      readonly mediaType: string;
      /** Bytes of the manifest itself. */
      readonly size: number;
      /** Those that the push set. */
      readonly tags: readonly Tag[];
    }
  | {
      readonly kind: 'deleted';
      readonly repository: Repository;
      readonly digest: Digest;
      readonly mediaType: string;
      /** Those that went with it. */
      readonly tags: readonly Tag[];
      /** Who wanted it: a client, or the garbage collection. */
      readonly by: 'client' | 'collection';
    }
  | {
      readonly kind: 'untagged';
      readonly repository: Repository;
      /** What the tag pointed to, which is still there. */
      readonly digest: Digest;
      readonly tags: readonly Tag[];
      readonly by: 'client' | 'collection';
    };

/** A message that waits to be sent. */
export interface OutboxMessage {
  /** Whom it is for. */
  readonly target: string;
  /** The same for all targets of one change. */
  readonly id: string;
  readonly body: string;
}

/** A message in the outbox. What was written later has a higher `number`. */
export interface OutboxEntry extends OutboxMessage {
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly writtenAt: number;
}

/** Whoever wants to send messages about changes. Calls must not throw. */
export interface ChangeListener {
  /** What is to be sent about a change: kept together with the change, all or nothing. */
  messagesFor(change: CatalogChange): readonly OutboxMessage[];
  /** Messages are there, durably. */
  written(): void;
}

/** What waits for a target. */
export interface OutboxBacklog {
  readonly count: number;
  /** When the oldest was written, in milliseconds since 1970. */
  readonly oldest: number | undefined;
}

/** Messages about changes, from the change until they are sent. */
export interface OutboxTable {
  /** The oldest messages for `target`, at most `limit`. */
  next(target: string, limit: number): Promise<readonly OutboxEntry[]>;
  remove(numbers: readonly number[]): Promise<void>;
  backlog(target: string): Promise<OutboxBacklog>;
  /** Drops the oldest messages for `target` but `keep`, and those written before `since`; gives how many. */
  trim(target: string, keep: number, since: number): Promise<number>;
  /** Drops what is for none of `targets`; gives how many. */
  forgetOthers(targets: readonly string[]): Promise<number>;
}
