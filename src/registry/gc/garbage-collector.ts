import { DocketError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Catalog } from '../../storage/catalog.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { Blobs } from '../blobs.ts';
import type { Uploads } from '../uploads.ts';
import { collectFiles } from './collect-files.ts';
import { RepositoryCollection } from './collect-repository.ts';
import {
  GcCounter,
  silentGcObserver,
  type GcItem,
  type GcObserver,
  type GcSummary,
} from './gc-report.ts';
import { touchAgeOf, type RetentionRules } from './retention-rules.ts';
import { Slices } from './slices.ts';

/** `GC_UNDER_WAY`: one run at a time. */
export class GarbageError extends DocketError {
  declare readonly code: 'GC_UNDER_WAY';
}

export interface GcOptions {
  /** Only says what would go. */
  readonly dryRun?: boolean;
  /**
   * Another grace than the rules have, in milliseconds. With a shorter one, pushes under way may find that what they counted on
   * is gone: their manifests are refused then, and they push again.
   */
  readonly grace?: number | undefined;
  readonly signal?: AbortSignal;
  /** Told of each thing that goes, in order; the run waits for it. */
  readonly visit?: (item: GcItem) => Promise<void> | void;
}

export interface GarbageParts {
  readonly store: BlobStore;
  readonly catalog: Catalog;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly log: Log;
  readonly retention: RetentionRules;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  readonly observer?: GcObserver | undefined;
}

/** What one run works with. */
export interface GcRun {
  readonly parts: GarbageParts;
  readonly slices: Slices;
  readonly dryRun: boolean;
  /** What was in use at this time or later stays (milliseconds since 1970). */
  readonly before: number;
  /** The same for manifests without a tag that may be removed after `age` milliseconds. */
  readonly beforeAge: (age: number) => number;
  /** Something goes, or would. */
  readonly gone: (item: GcItem) => Promise<void>;
}

/**
 * Removes what nobody needs any more while the registry serves: tags that no rule keeps, manifests without a tag, blobs
 * without a manifest, abandoned uploads, files that no repository knows. What goes is decided from what was read a while
 * ago, and looked at again in the moment of removing.
 */
export class GarbageCollector {
  readonly #parts: GarbageParts;
  readonly #observer: GcObserver;
  readonly #closing = new AbortController();
  #running: Promise<GcSummary> | undefined;

  constructor(parts: GarbageParts) {
    this.#parts = parts;
    this.#observer = parts.observer ?? silentGcObserver;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Throws GarbageError when a run is under way, StorageError, the signal's reason, or what `visit` throws. */
  async run(options: GcOptions = {}): Promise<GcSummary> {
    if (this.#running !== undefined) {
      throw new GarbageError('GC_UNDER_WAY', 'a garbage collection is under way: try again later');
    }
    const closing = this.#closing.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, closing]) : closing;
    this.#running = this.#run({ ...options, signal });
    try {
      return await this.#running;
    } catch (error) {
      if (options.dryRun !== true) this.#observer.failed(error);
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Breaks a run off, and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the registry is closing'));
    await this.#running?.catch(() => {});
  }

  async #run({ dryRun = false, grace, signal, visit }: GcOptions): Promise<GcSummary> {
    const { retention, wallTime, catalog, log } = this.#parts;
    const start = performance.now();
    const counter = new GcCounter();
    const now = wallTime();
    const leastAge = grace ?? retention.grace;
    // A use is noted when the last one is older than this: so much younger a thing may be than it seems.
    const doubt = Math.min(touchAgeOf(retention), touchAgeOf({ grace: leastAge }));
    const beforeAge = (age: number): number => now - Math.max(age, leastAge) - doubt;
    const run: GcRun = {
      parts: this.#parts,
      slices: new Slices(signal),
      dryRun,
      before: beforeAge(0),
      beforeAge,
      gone: async (item) => {
        counter.add(item);
        if (!dryRun) {
          log.debug(item, 'removed garbage');
          this.#observer.removed(item);
        }
        await visit?.(item);
      },
    };
    const repositories = run.slices.pages(
      (page) => catalog.garbage.repositories(page),
      (name) => name,
      repositoriesAtATime,
    );
    const collection = new RepositoryCollection(run);
    for await (const page of repositories) {
      for (const repository of page) {
        await collection.collect(repository);
        await run.slices.rest();
      }
    }
    await this.#collectUploads(run, now);
    await collectFiles(run);
    const summary = counter.summary(dryRun, performance.now() - start);
    if (!dryRun) {
      log.info(summary, 'collected garbage');
      this.#observer.finished(summary);
    }
    return summary;
  }

  async #collectUploads({ dryRun, gone }: GcRun, now: number): Promise<void> {
    for (const { id, size, changedAt } of await this.#parts.uploads.sweep(now, { dryRun })) {
      await gone({ kind: 'upload', id, size, reason: 'abandoned', since: changedAt });
    }
  }
}

const repositoriesAtATime = 200;
