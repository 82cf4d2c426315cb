import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Digest } from '../oci/digest.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Repository } from '../oci/reference.ts';
import type { BlobEntry, BlobStore, BlobUpload, OpenBlob } from '../storage/blob-store.ts';
import type { BlobRecord, Catalog, Unlinked } from '../storage/catalog.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { Uses } from './uses.ts';

/** How many files a sweep looks up at a time. */
const sweepBatch = 200;
/** The times of files may be so many milliseconds behind the clock, and more on other machines' volumes. */
const clockGrain = 60_000;

export interface SweepOptions {
  /** Only files that came here before this time, in milliseconds since 1970; default: all. */
  readonly before?: number;
  /** Only looks. */
  readonly dryRun?: boolean;
  /** Told of each file. */
  readonly gone?: (file: BlobEntry) => Promise<void>;
  /** Called between short pieces of work, to rest or to end it by throwing. */
  readonly rest?: () => Promise<void>;
}

/** Told of each blob that comes or goes; must not throw. */
export interface BlobEvents {
  added(blob: BlobRecord): void;
  removed(digest: Digest): void;
}

/** An empty blob may be in every repository: so many are looked at for one that the client may pull from. */
const mostHolders = 1000;

/** Blobs, read and removed through the repositories that link them. */
export class Blobs {
  readonly #store: BlobStore;
  readonly #catalog: Catalog;
  readonly #events: BlobEvents;
  readonly #log: Log;
  readonly #uses: Uses;
  /** A blob's file and its links change together: a last link must not take the file of a new one with it. */
  readonly #changes: KeyedLock;

  constructor(parts: {
    readonly store: BlobStore;
    readonly catalog: Catalog;
    readonly events: BlobEvents;
    readonly changes: KeyedLock;
    readonly log: Log;
    readonly uses: Uses;
  }) {
    this.#store = parts.store;
    this.#catalog = parts.catalog;
    this.#events = parts.events;
    this.#changes = parts.changes;
    this.#log = parts.log;
    this.#uses = parts.uses;
  }

  /**
   * What is known of the blob. Whoever asks may count on it from now on: clients do not push what is there already. Throws
   * OciError BLOB_UNKNOWN, also when its file is not whole.
   */
  async stat(repository: Repository, digest: Digest): Promise<BlobRecord> {
    await this.#uses.note(() =>
      this.#catalog.blobs.touch(repository, digest, this.#uses.staleBefore()),
    );
    const record = await this.#catalog.blobs.find(repository, digest);
    if (record === undefined) throw unknown(digest);
    this.#expectSize(record, await this.#store.size(digest));
    return record;
  }

  /** Opens the blob for reading; close it. Throws OciError BLOB_UNKNOWN, also when its file is not whole. */
  async open(repository: Repository, digest: Digest): Promise<OpenBlob> {
    const record = await this.#catalog.blobs.find(repository, digest);
    if (record === undefined) throw unknown(digest);
    const blob = await this.#store.open(digest);
    if (blob === undefined || blob.size !== record.size) {
      await blob?.close();
      this.#expectSize(record, blob?.size);
      throw unknown(digest);
    }
    return blob;
  }

  /**
   * Makes an upload, whose bytes have the digest, a blob of the repository: durable when this resolves. When it rejects,
   * nothing is left of the blob, and the upload is gone or as it was.
   */
  async adopt(repository: Repository, upload: BlobUpload, digest: Digest): Promise<void> {
    const blob = { digest, size: upload.size };
    await this.#changes.run(digest, async () => {
      try {
        await upload.commit(digest);
        await this.#catalog.blobs.link(repository, blob);
      } catch (error) {
        await this.#removeUnlinked(digest);
        throw error;
      }
    });
    this.#events.added(blob);
  }

  /**
   * Links a blob that another repository holds, `from` or else any, from which the client may pull (distribution-spec
   * end-11). False when there is none: then it must be uploaded. What the client may not pull looks like what is not there.
   */
  async mount(
    repository: Repository,
    digest: Digest,
    from: Repository | undefined,
    mayPull: (source: Repository) => MaybePromise<boolean>,
  ): Promise<boolean> {
    return await this.#changes.run(digest, async () => {
      const source = from ?? (await this.#readableHolder(digest, mayPull));
      if (source === undefined) return false;
      // Looked up in any case: what the client may not pull takes as long as what is not there.
      const record = await this.#catalog.blobs.find(source, digest);
      if (!(await mayPull(source)) || record === undefined) return false;
      if ((await this.#store.size(digest)) !== record.size) return false;
      await this.#catalog.blobs.link(repository, record);
      return true;
    });
  }

  /** Takes the blob out of the repository; its file goes with the last link. Throws OciError BLOB_UNKNOWN. */
  async unlink(repository: Repository, digest: Digest): Promise<void> {
    const outcome = await this.#changes.run(digest, async () => {
      const result = await this.#catalog.blobs.unlink(repository, digest);
      if (result === 'orphaned') {
        this.#events.removed(digest);
        await this.#store.remove(digest);
      }
      return result;
    });
    if (outcome === 'absent') throw unknown(digest);
  }

  /**
   * Takes those blobs out of the repository that no manifest points to, and that nobody counted on since `before`
   * (milliseconds since 1970). Those that somebody is just busy with come after the others, one by one.
   */
  async unlinkUnused(
    repository: Repository,
    digests: readonly Digest[],
    before: number,
  ): Promise<ReadonlyMap<Digest, Unlinked>> {
    const outcomes = new Map<Digest, Unlinked>();
    const unlink = async (alone: readonly Digest[]): Promise<void> => {
      const gone = await this.#catalog.garbage.unlink(repository, alone, before);
      for (const [digest, outcome] of gone) {
        outcomes.set(digest, outcome);
        if (outcome === 'orphaned') this.#events.removed(digest);
      }
      for (const [digest, outcome] of gone) {
        if (outcome === 'orphaned') await this.#removeUnlinked(digest);
      }
    };
    await this.#changes.runFree(digests, unlink);
    for (const digest of digests) {
      if (!outcomes.has(digest)) await this.#changes.run(digest, () => unlink([digest]));
    }
    return outcomes;
  }

  async #readableHolder(
    digest: Digest,
    mayPull: (source: Repository) => MaybePromise<boolean>,
  ): Promise<Repository | undefined> {
    for (const holder of await this.#catalog.blobs.holders(digest, mostHolders)) {
      if (await mayPull(holder)) return holder;
    }
    return undefined;
  }

  /**
   * Puts an upload, whose bytes have the digest, in the place of a blob's file that was found to be wrong. False when nobody
   * knows the blob any more.
   */
  async restore(upload: BlobUpload, blob: BlobRecord): Promise<boolean> {
    const isKnown = await this.#changes.run(blob.digest, async () => {
      if ((await this.#catalog.blobs.findAnywhere(blob.digest)) === undefined) return false;
      await upload.commit(blob.digest);
      await this.#catalog.damage.remove(blob.digest);
      return true;
    });
    if (isKnown) this.#events.added(blob);
    return isKnown;
  }

  /**
   * Removes the files that no repository links: a crash between a file's step and its link's leaves such, and nobody can
   * read them. Gives how many there were. Files from before the catalog stay: whoever lost a catalog may find it again.
   */
  async sweep(options: SweepOptions = {}): Promise<number> {
    const { before = Infinity, dryRun = false, gone, rest } = options;
    const since = (await this.#catalog.garbage.since()) - clockGrain;
    let removed = 0;
    const look = async (batch: readonly BlobEntry[]): Promise<void> => {
      const linked = await this.#catalog.garbage.linked(batch.map(({ digest }) => digest));
      for (const entry of batch) {
        await rest?.();
        if (linked.has(entry.digest)) continue;
        if (!dryRun && !(await this.#removeOrphan(entry.digest))) continue;
        removed++;
        await gone?.(entry);
      }
    };
    let batch: BlobEntry[] = [];
    for await (const entry of this.#store.list()) {
      if (entry.changedAt >= before || entry.changedAt < since) continue;
      batch.push(entry);
      if (batch.length < sweepBatch) continue;
      await look(batch);
      batch = [];
    }
    await look(batch);
    return removed;
  }

  /** False when a repository links it. */
  async #removeOrphan(digest: Digest): Promise<boolean> {
    return await this.#changes.run(digest, async () => {
      if ((await this.#catalog.blobs.findAnywhere(digest)) !== undefined) return false;
      this.#log.info({ digest }, 'removed a file that was no blob of any repository');
      return await this.#store.remove(digest);
    });
  }

  /** A file that no repository links could neither be read nor removed by anyone. */
  async #removeUnlinked(digest: Digest): Promise<void> {
    try {
      const known = await this.#catalog.blobs.findAnywhere(digest);
      if (known === undefined) await this.#store.remove(digest);
    } catch (error) {
      this.#log.error({ digest, error: messageOf(error) }, 'left a file behind that is no blob');
    }
  }

  #expectSize(record: BlobRecord, size: number | undefined): void {
    if (size === record.size) return;
    const fields = { digest: record.digest, expected: record.size, found: size };
    this.#log.error(fields, 'a stored blob is damaged or missing; pushing it again heals it');
    throw unknown(record.digest);
  }
}

function unknown(digest: Digest): OciError {
  return new OciError('BLOB_UNKNOWN', `this repository has no blob ${digest}`, {
    detail: { digest },
  });
}
