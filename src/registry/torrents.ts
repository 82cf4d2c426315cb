import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Digest } from '../oci/digest.ts';
import { OciError } from '../oci/oci-error.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Catalog, TorrentRecord } from '../storage/catalog.ts';
import { StorageError } from '../storage/storage-error.ts';
import { encodeMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import type { Damage } from './damage.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { makeMetainfo } from './make-metainfo.ts';

interface Making {
  readonly promise: Promise<TorrentRecord>;
  readonly resolve: (record: Promise<TorrentRecord>) => void;
}

/** How many blobs are hashed at the same time: more would only take the disk and the processor from each other. */
const makers = 2;

/** The torrents of blobs: made once each, away from the requests, and kept in the catalog. */
export class Torrents {
  readonly #store: BlobStore;
  readonly #catalog: Catalog;
  readonly #changes: KeyedLock;
  readonly #damage: Damage;
  readonly #log: Log;
  readonly #made: (record: TorrentRecord) => void;
  readonly #closing = new AbortController();
  /** All that are being made or wait for it, the most urgent first. */
  readonly #waiting: Digest[] = [];
  readonly #making = new Map<Digest, Making>();
  #working = 0;

  constructor(parts: {
    readonly store: BlobStore;
    readonly catalog: Catalog;
    /** Whoever replaces or removes the file of a digest has it meanwhile. */
    readonly changes: KeyedLock;
    readonly damage: Damage;
    readonly log: Log;
    /** Told of each new torrent; must not throw. */
    readonly made: (record: TorrentRecord) => void;
  }) {
    this.#store = parts.store;
    this.#catalog = parts.catalog;
    this.#changes = parts.changes;
    this.#damage = parts.damage;
    this.#log = parts.log;
    this.#made = parts.made;
  }

  /**
   * The torrent of a known blob, made now when there is none yet: then it goes before those that nobody asked for. Throws
   * OciError BLOB_UNKNOWN, also for the blob of no bytes, which BitTorrent cannot describe.
   */
  async get(digest: Digest): Promise<TorrentRecord> {
    // One that is being made may be found before its seeding has begun.
    if (this.#making.has(digest)) return await this.#make(digest, true);
    return (await this.#catalog.torrents.find(digest)) ?? (await this.#make(digest, true));
  }

  /** Sees to it that the blob gets its torrent some time. */
  prepare(digest: Digest): void {
    this.#make(digest, false).catch((error: unknown) => {
      if (this.#closing.signal.aborted || error instanceof OciError) return;
      this.#log.error({ digest, error: messageOf(error) }, 'could not make the torrent of a blob');
    });
  }

  /**
   * Hashes a blob anew. Throws StorageError STORAGE_CORRUPT when it is damaged, and puts its file aside then; OciError
   * BLOB_UNKNOWN when there is none.
   */
  async check(digest: Digest): Promise<void> {
    await this.#describeOrRemove(digest, { fresh: true });
  }

  /** Gives up what is being made, and waits until nothing is read any more. */
  async close(): Promise<void> {
    const ended = [...this.#making.values()].map(({ promise }) => promise);
    this.#closing.abort(new Error('the registry is closing'));
    this.#work();
    await Promise.allSettled(ended);
  }

  #make(digest: Digest, urgent: boolean): Promise<TorrentRecord> {
    const existing = this.#making.get(digest);
    if (existing !== undefined) {
      if (urgent) this.#moveForward(digest);
      return existing.promise;
    }
    const making: Making = Promise.withResolvers<TorrentRecord>();
    this.#making.set(digest, making);
    if (urgent) this.#waiting.unshift(digest);
    else this.#waiting.push(digest);
    this.#work();
    return making.promise;
  }

  #moveForward(digest: Digest): void {
    const place = this.#waiting.indexOf(digest);
    if (place > 0) this.#waiting.unshift(...this.#waiting.splice(place, 1));
  }

  #work(): void {
    while (this.#working < makers) {
      const digest = this.#waiting.shift();
      if (digest === undefined) return;
      this.#working++;
      const record = this.#makeNow(digest).finally(() => {
        this.#working--;
        this.#making.delete(digest);
        this.#work();
      });
      this.#making.get(digest)?.resolve(record);
    }
  }

  async #makeNow(digest: Digest): Promise<TorrentRecord> {
    this.#closing.signal.throwIfAborted();
    const existing = await this.#catalog.torrents.find(digest);
    if (existing !== undefined) return existing;
    const metainfo = await this.#describeOrRemove(digest);
    const record = {
      digest,
      infoHash: metainfo.infoHash,
      metainfo: encodeMetainfo(metainfo, { trackers: [], webSeeds: [] }),
    };
    // A blob that is removed at this moment must not be announced after it.
    await this.#changes.run(digest, async () => {
      if (!(await this.#catalog.torrents.put(record))) throw noTorrent(digest);
      this.#made(record);
    });
    return record;
  }

  /** Bytes that are not the blob help nobody: without the file, clients see that they must push it again. */
  async #describeOrRemove(digest: Digest, options = { fresh: false }): Promise<Metainfo> {
    try {
      return await this.#describe(digest, options);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
    }
    // A push may have healed it meanwhile: it is read once more while none can.
    return await this.#changes.run(digest, async () => {
      try {
        return await this.#describe(digest, { fresh: true });
      } catch (error) {
        if (isCorrupt(error)) await this.#damage.condemn(digest, 'damaged');
        throw error;
      }
    });
  }

  async #describe(digest: Digest, options: { readonly fresh: boolean }): Promise<Metainfo> {
    await using blob = await this.#store.open(digest, options);
    if (blob === undefined || blob.size === 0) throw noTorrent(digest);
    return await makeMetainfo(blob, digest, this.#closing.signal);
  }
}

function isCorrupt(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === 'STORAGE_CORRUPT';
}

function noTorrent(digest: Digest): OciError {
  return new OciError('BLOB_UNKNOWN', `there is no torrent of ${digest}`, { detail: { digest } });
}
