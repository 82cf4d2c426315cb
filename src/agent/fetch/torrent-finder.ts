import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import { parseMetainfo, type Metainfo } from '../../torrent/metainfo.ts';
import { digestOfName, type TorrentFiles } from '../cache/torrent-files.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { isNotFound } from '../upstream/upstream-error.ts';

/** A registry that has no torrents is not asked for the same one again within this many milliseconds. */
const lackLasts = 10_000;
const mostAtOnce = 8;

/** Finds the torrents of blobs: kept ones, else the registry's. One request for each, however many ask. */
export class TorrentFinder {
  readonly #files: TorrentFiles;
  readonly #upstream: Upstream;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pending = new Map<Digest, Promise<Metainfo | undefined>>();
  readonly #lacking = new Map<Digest, number>();
  readonly #queue: (() => Promise<unknown>)[] = [];
  #running = 0;

  constructor(files: TorrentFiles, upstream: Upstream, clock: Clock, log: Log) {
    this.#files = files;
    this.#upstream = upstream;
    this.#clock = clock;
    this.#log = log;
  }

  /** The torrent of a blob; undefined when there is none, or it cannot be had now. Never rejects. */
  find(repository: Repository, digest: Digest): Promise<Metainfo | undefined> {
    const pending = this.#pending.get(digest);
    if (pending !== undefined) return pending;
    const finding = this.#find(repository, digest)
      .catch((error: unknown) => {
        this.#log.warn({ digest, error: messageOf(error) }, 'no torrent could be had');
        return undefined;
      })
      .finally(() => this.#pending.delete(digest));
    this.#pending.set(digest, finding);
    return finding;
  }

  /** Has the torrents of these blobs fetched in the background, some at a time. */
  prefetch(repository: Repository, digests: readonly Digest[]): void {
    for (const digest of digests) this.#queue.push(() => this.find(repository, digest));
    while (this.#running < mostAtOnce && this.#queue.length > 0) void this.#work();
  }

  /** Forgets what was to be prefetched. */
  close(): void {
    this.#queue.length = 0;
  }

  async #work(): Promise<void> {
    this.#running++;
    for (let task = this.#queue.shift(); task !== undefined; task = this.#queue.shift()) {
      await task();
    }
    this.#running--;
  }

  async #find(repository: Repository, digest: Digest): Promise<Metainfo | undefined> {
    const kept = await this.#files.find(digest);
    if (kept !== undefined) return kept;
    const until = this.#lacking.get(digest);
    if (until !== undefined && this.#clock.now() < until) return undefined;
    this.#lacking.delete(digest);
    try {
      const bytes = await this.#upstream.getTorrent(repository, digest);
      const metainfo = parseMetainfo(bytes);
      if (digestOfName(metainfo.name) !== digest) {
        throw new Error(`the registry sent the torrent of ${metainfo.name}`);
      }
      await this.#files.put(digest, metainfo, bytes);
      return metainfo;
    } catch (error) {
      this.#lack(digest);
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #lack(digest: Digest): void {
    const now = this.#clock.now();
    for (const [other, until] of this.#lacking) if (until <= now) this.#lacking.delete(other);
    this.#lacking.set(digest, now + lackLasts);
  }
}
