import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRecord, Catalog, TorrentEntry } from '../storage/catalog.ts';
import type { Seed } from '../swarm/swarm-types.ts';
import type { InfoHash } from '../torrent/ids.ts';
import { parseMetainfo } from '../torrent/metainfo.ts';
import type { BlobEvents } from './blobs.ts';
import type { Damage } from './damage.ts';
import type { KeyedLock } from './keyed-lock.ts';
import { Torrents } from './torrents.ts';

/** How swarms learn that the registry has a blob. Calls must not throw. */
export interface SeedAnnouncer {
  /** The registry seeds these from now on. */
  add(infoHashes: readonly InfoHash[]): void;
  remove(infoHash: InfoHash): void;
}

/** With the registry's own tracker the origin stands in every swarm that the catalog knows: nothing is announced. */
export const silentAnnouncer: SeedAnnouncer = { add() {}, remove() {} };

/** The registry as the origin of its blobs: it has a torrent for each, and gives the swarm what it seeds. */
export class Seeding implements BlobEvents {
  readonly torrents: Torrents;
  readonly #store: BlobStore;
  readonly #catalog: Catalog;
  readonly #log: Log;
  #announcer: SeedAnnouncer = silentAnnouncer;
  /** What was announced, to withdraw it when the blob is gone from the catalog. */
  readonly #announced = new Map<Digest, InfoHash>();
  readonly #infoHashes = new Map<InfoHash, Digest>();
  readonly #lost: (blob: BlobRecord) => void;
  /** Blobs that were found damaged: not seeded until they are pushed again, or found right. */
  readonly #damaged = new Set<Digest>();

  constructor(parts: {
    readonly store: BlobStore;
    readonly catalog: Catalog;
    readonly changes: KeyedLock;
    readonly damage: Damage;
    readonly log: Log;
    /** Told of each blob that can be seeded no more, unless somebody gets it back; must not throw. */
    readonly lost: (blob: BlobRecord) => void;
  }) {
    this.#store = parts.store;
    this.#catalog = parts.catalog;
    this.#log = parts.log;
    this.#lost = parts.lost;
    this.torrents = new Torrents({ ...parts, made: (record) => this.#announce([record]) });
  }

  /** Seeds everything that the catalog knows, and begins to make the torrents that are missing. */
  async start(announcer: SeedAnnouncer): Promise<void> {
    this.#announcer = announcer;
    this.#announce(await this.#catalog.torrents.list());
    for (const { digest } of await this.#catalog.torrents.missing()) this.torrents.prepare(digest);
  }

  added(blob: BlobRecord): void {
    this.#trustAgain(blob.digest);
    if (blob.size > 0) this.torrents.prepare(blob.digest);
  }

  removed(digest: Digest): void {
    const infoHash = this.#announced.get(digest);
    if (infoHash === undefined) return;
    this.#announced.delete(digest);
    this.#damaged.delete(digest);
    this.#infoHashes.delete(infoHash);
    this.#announcer.remove(infoHash);
  }

  /** True when this is the info hash of a blob here. A tracker asks at each announce, so it is answered from memory. */
  knows(infoHash: InfoHash): boolean {
    return this.#infoHashes.has(infoHash);
  }

  /** The blob of an info hash here; undefined when it is of none. */
  digestOf(infoHash: InfoHash): Digest | undefined {
    return this.#infoHashes.get(infoHash);
  }

  /**
   * The blob of a torrent, for the swarm; undefined when it is not here, or not whole. Anybody may ask for any info hash, so
   * those of no blob are answered from memory.
   */
  async seed(infoHash: InfoHash): Promise<Seed | undefined> {
    if (!this.#infoHashes.has(infoHash)) return undefined;
    const record = await this.#catalog.torrents.findByInfoHash(infoHash);
    if (record === undefined) return undefined;
    if (this.#damaged.has(record.digest)) return undefined;
    const metainfo = parseMetainfo(record.metainfo);
    if ((await this.#store.size(record.digest)) === metainfo.length) {
      return { metainfo, path: this.#store.pathOf(record.digest) };
    }
    void this.#doubt(record.digest);
    return undefined;
  }

  /** The swarm found that the blob's file has other bytes than it should. */
  async damaged(infoHash: InfoHash): Promise<void> {
    const record = await this.#catalog.torrents.findByInfoHash(infoHash);
    if (record !== undefined) await this.#doubt(record.digest);
  }

  /** Hashes a blob that may be damaged, once: then it is seeded on, or gone until it is pushed again. Never rejects. */
  async #doubt(digest: Digest): Promise<void> {
    if (this.#damaged.has(digest)) return;
    this.#damaged.add(digest);
    this.#log.error({ digest }, 'cannot seed a blob: it is damaged or missing; push it again');
    try {
      await this.torrents.check(digest);
      this.#trustAgain(digest);
    } catch (error) {
      this.#log.debug({ digest, error: messageOf(error) }, 'the blob is damaged or missing');
      const blob = await this.#catalog.blobs.findAnywhere(digest).catch(() => undefined);
      if (blob !== undefined) this.#lost(blob);
    }
  }

  /** The blob was found to be wrong, by others: it is not seeded until it is stored anew. */
  condemned(digest: Digest): void {
    this.#damaged.add(digest);
  }

  #trustAgain(digest: Digest): void {
    const infoHash = this.#announced.get(digest);
    if (this.#damaged.delete(digest) && infoHash !== undefined) this.#announcer.add([infoHash]);
  }

  async close(): Promise<void> {
    await this.torrents.close();
  }

  #announce(records: readonly TorrentEntry[]): void {
    for (const { digest, infoHash } of records) {
      this.#announced.set(digest, infoHash);
      this.#infoHashes.set(infoHash, digest);
    }
    this.#announcer.add(records.map(({ infoHash }) => infoHash));
  }
}
