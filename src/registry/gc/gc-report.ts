import type { Digest } from '../../oci/digest.ts';
import type { Repository, Tag } from '../../oci/reference.ts';
import type { ManifestReason } from './decide-manifests.ts';
import type { TagReason } from './decide-tags.ts';

/** One thing that goes, and why. Times are milliseconds since 1970, sizes bytes. */
export type GcItem =
  | {
      readonly kind: 'tag';
      readonly repository: Repository;
      readonly tag: Tag;
      readonly digest: Digest;
      readonly reason: TagReason;
      /** The number of the rule that says so, from 1. */
      readonly rule: number;
      /** When it was pushed. */
      readonly since: number;
    }
  | {
      readonly kind: 'manifest';
      readonly repository: Repository;
      readonly digest: Digest;
      readonly size: number;
      readonly reason: ManifestReason;
      /** When it was last in use. */
      readonly since: number;
    }
  | {
      readonly kind: 'blob';
      readonly repository: Repository;
      readonly digest: Digest;
      readonly size: number;
      readonly reason: 'unreferenced';
      readonly since: number;
      /** False when other repositories hold it: then it stays for them. */
      readonly freed: boolean;
    }
  | {
      readonly kind: 'upload';
      readonly id: string;
      readonly size: number;
      readonly reason: 'abandoned';
      /** When its last bytes came. */
      readonly since: number;
    }
  | {
      /** A blob's file that no repository knows: a crash left it. */
      readonly kind: 'file';
      readonly digest: Digest;
      readonly size: number;
      readonly reason: 'unknown';
      readonly since: number;
    }
  | { readonly kind: 'repository'; readonly repository: Repository; readonly reason: 'empty' };

export type GcKind = GcItem['kind'];

/** What a whole run did, or would do. */
export interface GcSummary {
  readonly dryRun: boolean;
  /** How many of each kind went. */
  readonly counts: Readonly<Record<GcKind, number>>;
  /** Bytes of the disk that were given free. */
  readonly freedBytes: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** Hears what the garbage collection does, for metrics; must not throw. */
export interface GcObserver {
  /** Something went, not only in a dry run. */
  removed(item: GcItem): void;
  /** A run ended, not a dry one. */
  finished(summary: GcSummary): void;
  failed(error: unknown): void;
}

export const silentGcObserver: GcObserver = { removed() {}, finished() {}, failed() {} };

/** Adds up what goes. */
export class GcCounter {
  readonly #counts = { tag: 0, manifest: 0, blob: 0, upload: 0, file: 0, repository: 0 };
  #freed = 0;

  add(item: GcItem): void {
    this.#counts[item.kind]++;
    this.#freed += freedBy(item);
  }

  summary(dryRun: boolean, duration: number): GcSummary {
    return { dryRun, counts: { ...this.#counts }, freedBytes: this.#freed, duration };
  }
}

function freedBy(item: GcItem): number {
  if (item.kind === 'tag' || item.kind === 'repository') return 0;
  return item.kind === 'blob' && !item.freed ? 0 : item.size;
}
