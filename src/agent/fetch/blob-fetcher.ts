import { abortable } from '../../base/abortable.ts';
import { messageOf } from '../../base/errors.ts';
import { observeTransfer, transferStart } from '../../observe/channels.ts';
import { currentRequest } from '../../observe/request-context.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { parseRepository, type Repository } from '../../oci/reference.ts';
import type { InfoHash } from '../../torrent/ids.ts';
import type { BlobTorrent } from '../cache/torrent-files.ts';
import { BlobDownload, smallBlob, type FetchParts } from './blob-download.ts';
import type { BlobProgress, BlobReader } from './blob-reader.ts';
import { DownloadReader } from './download-reader.ts';
import { FetchError } from './fetch-error.ts';
import { TorrentFinder } from './torrent-finder.ts';

/** What a fetcher works with; `createFetcher` explains. */
export type BlobFetcherParts = Omit<FetchParts, 'torrents'>;

/** How long a finished fetch is still told of, in milliseconds. */
const finishedLasts = 10 * 60_000;
const mostFinished = 500;

/** Fetches blobs into the cache, each once at a time however many ask for it. */
export class BlobFetcher implements AsyncDisposable {
  readonly #parts: FetchParts;
  readonly #running = new Map<Digest, BlobDownload>();
  readonly #finished: { readonly at: number; readonly progress: BlobProgress }[] = [];
  readonly #outcomes = { cache: 0, fetched: 0, failed: 0 };
  #closed = false;
  #plainBytes = 0;

  constructor(parts: BlobFetcherParts) {
    const torrents = new TorrentFinder(
      parts.cache.torrents,
      parts.upstream,
      parts.clock,
      parts.log,
    );
    this.#parts = { ...parts, torrents };
  }

  /**
   * The blob, as soon as a source is found that has it: the cache, its swarm or the registry. `size` is what a manifest
   * says of it. Rejects with an UpstreamError or FetchError, or with the signal's reason, which ends the waiting only.
   */
  async open(
    repository: Repository,
    digest: Digest,
    size?: number,
    signal?: AbortSignal,
  ): Promise<BlobReader> {
    signal?.throwIfAborted();
    if (this.#closed) throw new FetchError('FETCH_CLOSED', 'the fetcher is closed');
    const download = this.#fetch(digest, repository, size);
    const length = await abortable(download.started, signal);
    return new DownloadReader(download, length, this.#parts.cache.blobs);
  }

  /** True when the blob is in the cache or on its way into it. */
  async hasOrFetches(digest: Digest): Promise<boolean> {
    if (this.#running.has(digest)) return true;
    return await this.#parts.cache.blobs.has(digest);
  }

  /** Has the torrents of these blobs fetched in the background, so that their swarms can be entered at once. */
  async prefetch(repository: Repository, blobs: readonly Descriptor[]): Promise<void> {
    const wanted: Digest[] = [];
    for (const { digest, size } of blobs) {
      if (size >= smallBlob && !(await this.hasOrFetches(digest))) wanted.push(digest);
    }
    if (!this.#closed) this.#parts.torrents.prefetch(repository, wanted);
  }

  /** Seeds all that is in the cache. */
  async seedAll(): Promise<void> {
    for await (const { metainfo } of this.#parts.cache.seeds()) {
      if (this.#closed) return;
      this.#parts.swarm.announceSeed(metainfo.infoHash, metainfo.trackers);
    }
  }

  /**
   * What is seeded under `infoHash` was found damaged: the blob is hashed anew, and what is wrong of it is fetched again, from
   * its swarm and from the repository that its torrent names. Never rejects.
   */
  async heal(infoHash: InfoHash): Promise<void> {
    const { cache, swarm, log } = this.#parts;
    try {
      const torrent = await cache.torrents.byInfoHash(infoHash);
      if (torrent === undefined || this.#closed || this.#running.has(torrent.digest)) return;
      const { digest, metainfo } = torrent;
      if ((await cache.blobs.findAnew(digest)) !== undefined) {
        return swarm.announceSeed(infoHash, metainfo.trackers);
      }
      if (!this.#closed) await this.#fetch(digest, repositoryOf(torrent), metainfo.length).done;
    } catch (error) {
      log.warn({ infoHash, error: messageOf(error) }, 'a damaged blob was not healed');
    }
  }

  /** The fetches under way, and those that finished within the last minutes. */
  downloads(): readonly BlobProgress[] {
    const since = this.#parts.clock.now() - finishedLasts;
    const finished = this.#finished.filter(({ at }) => at > since).map(({ progress }) => progress);
    const running = [...this.#running.values()]
      .filter(({ fetched }) => fetched)
      .map((download) => download.progress());
    return [...finished, ...running];
  }

  /** All bytes of blobs that came from the registry over plain HTTP; those of web seeds are the swarm's. */
  get plainBytes(): number {
    let bytes = this.#plainBytes;
    for (const download of this.#running.values()) bytes += download.plainBytes;
    return bytes;
  }

  /** How often a blob that was asked for was in the cache, was fetched, or could not be had. */
  get outcomes(): Readonly<Record<'cache' | 'fetched' | 'failed', number>> {
    return this.#outcomes;
  }

  /** Ends all fetches. What they have on disk stays for the next time. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#parts.torrents.close();
    await Promise.all([...this.#running.values()].map((download) => download.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The fetch of a blob that is under way, or a new one. */
  #fetch(digest: Digest, repository: Repository | undefined, size?: number): BlobDownload {
    const running = this.#running.get(digest);
    if (running !== undefined) {
      if (repository !== undefined) running.addRepository(repository);
      return running;
    }
    const download = new BlobDownload(this.#parts, digest, repository, size);
    this.#running.set(digest, download);
    void download.done.then(
      () => this.#onEnd(download, 'fetched'),
      () => this.#onEnd(download, 'failed'),
    );
    if (transferStart.hasSubscribers) this.#observe(download, repository);
    return download;
  }

  #observe(download: BlobDownload, repository: Repository | undefined): void {
    const { digest } = download;
    const about = { direction: 'fetch', request: currentRequest(), repository, digest } as const;
    void observeTransfer(about, async (transfer) => {
      try {
        await download.done;
      } finally {
        const { bytesFromPeers, bytesFromRegistry } = download.progress();
        transfer.bytes = bytesFromPeers + bytesFromRegistry;
        transfer.bytesFromPeers = bytesFromPeers;
      }
    }).catch(() => {});
  }

  #onEnd(download: BlobDownload, outcome: 'fetched' | 'failed'): void {
    this.#running.delete(download.digest);
    this.#outcomes[download.fetched ? outcome : 'cache']++;
    this.#plainBytes += download.plainBytes;
    if (!download.fetched) return;
    this.#finished.push({ at: this.#parts.clock.now(), progress: download.progress() });
    if (this.#finished.length > mostFinished) this.#finished.shift();
  }
}

/** The repository in which the registry said that it has the blob. Only its name is taken from there, never the host. */
function repositoryOf({ digest, metainfo }: BlobTorrent): Repository | undefined {
  for (const url of metainfo.webSeeds) {
    const [, name] = /\/v2\/(.+)\/blobs\/[^/]+$/.exec(URL.parse(url)?.pathname ?? '') ?? [];
    if (name === undefined || !url.endsWith(digest)) continue;
    try {
      return parseRepository(name);
    } catch {
      // Another maker's URL.
    }
  }
  return undefined;
}
