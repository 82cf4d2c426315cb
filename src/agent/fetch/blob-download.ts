import { abortable } from '../../base/abortable.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Download, DownloadProgress, Swarm } from '../../swarm/swarm-types.ts';
import type { ContentCache } from '../cache/content-cache.ts';
import type { BlobProgress } from './blob-reader.ts';
import { Changes } from './changes.ts';
import { FetchError } from './fetch-error.ts';
import { GrowingFile } from './growing-file.ts';
import { PlainDownload, type PlainDownloadParts } from './plain-download.ts';
import type { TorrentFinder } from './torrent-finder.ts';

/** What a fetch works with. */
export interface FetchParts extends PlainDownloadParts {
  readonly cache: ContentCache;
  readonly swarm: Swarm;
  readonly torrents: TorrentFinder;
}

/** Blobs below this many bytes come over plain HTTP: to find peers costs more than the bytes. */
export const smallBlob = 256 * 1024;

/** Where a blob comes from at the moment. */
type Source =
  | { readonly kind: 'none' }
  | { readonly kind: 'swarm'; readonly download: Download }
  | { readonly kind: 'plain'; readonly download: PlainDownload }
  | { readonly kind: 'cache'; readonly path: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * One blob on its way into the cache, for all that want it: from the cache itself, else from its swarm, else from the
 * registry over plain HTTP.
 */
export class BlobDownload {
  readonly digest: Digest;
  /** Resolves with the blob's bytes once a source is found to have it; rejects when none has. */
  readonly started: Promise<number>;
  /** Resolves when the blob is in the cache; rejects with a FetchError, UpstreamError, CacheError or what the disk says. */
  readonly done: Promise<void>;
  readonly #parts: FetchParts;
  readonly #repositories: Set<Repository>;
  readonly #expectedSize: number | undefined;
  readonly #changes = new Changes();
  readonly #abort = new AbortController();
  readonly #onStart: (size: number) => void;
  #source: Source = { kind: 'none' };
  #size = 0;
  #fetched = false;
  #generation = 0;
  #swarmed: DownloadProgress | undefined;
  #plain: PlainDownload | undefined;

  /** `size` is what a manifest says of the blob. Without a repository only its swarm can help. */
  constructor(
    parts: FetchParts,
    digest: Digest,
    repository: Repository | undefined,
    size: number | undefined,
  ) {
    this.#parts = parts;
    this.digest = digest;
    this.#repositories = new Set(repository === undefined ? [] : [repository]);
    this.#expectedSize = size;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.started = promise;
    this.#onStart = resolve;
    this.done = this.#run(this.#abort.signal).catch((error: unknown) => {
      const reason = this.#abort.signal.aborted ? this.#abort.signal.reason : error;
      this.#moveTo({ kind: 'failed', error: reason });
      reject(reason);
      throw reason;
    });
    // Whoever reads hears of it; without readers nobody needs to.
    this.done.catch(() => {});
    this.started.catch(() => {});
  }

  /** False as long as the blob only came from the cache. */
  get fetched(): boolean {
    return this.#fetched;
  }

  /** Grows when bytes that were read may have been wrong. */
  get generation(): number {
    return this.#generation + (this.#plain?.generation ?? 0);
  }

  /** Bytes that came from the registry over plain HTTP. */
  get plainBytes(): number {
    return this.#plain?.bytesFromRegistry ?? 0;
  }

  /** Names a further repository in which the registry has the blob. */
  addRepository(repository: Repository): void {
    this.#repositories.add(repository);
  }

  /**
   * Bytes from `offset`, at most `most`, as soon as they are there; or, when the blob is whole, the path of its file.
   * Rejects with the error of the fetch, or with the signal's reason.
   */
  async read(
    offset: number,
    most: number,
    signal?: AbortSignal,
    into?: Uint8Array,
  ): Promise<Uint8Array | string> {
    for (;;) {
      signal?.throwIfAborted();
      const source = this.#source;
      switch (source.kind) {
        case 'cache':
          return source.path;
        case 'failed':
          throw source.error;
        case 'none':
          await this.#changes.next(signal);
          break;
        case 'plain': {
          const bytes = await source.download.read(offset, most, signal, into);
          if (bytes !== undefined) return bytes;
          if (this.#source === source) await this.#changes.next(signal);
          break;
        }
        case 'swarm':
          try {
            return await source.download.read(offset, most, signal, into);
          } catch (error) {
            signal?.throwIfAborted();
            // Either the download as a whole ends, and the next source is on its way, or it was this read alone.
            const ended = await source.download.done.then(
              () => this.#source !== source,
              () => true,
            );
            if (!ended) throw error;
            if (this.#source === source) await this.#changes.next(signal);
          }
          break;
      }
    }
  }

  progress(): BlobProgress {
    const swarm = this.#source.kind === 'swarm' ? this.#source.download.progress() : this.#swarmed;
    const plain = this.#plain;
    const state =
      this.#source.kind === 'cache'
        ? 'complete'
        : this.#source.kind === 'failed'
          ? 'failed'
          : 'downloading';
    const there = state === 'complete' ? this.#size : (plain?.received ?? swarm?.verified ?? 0);
    return {
      digest: this.digest,
      length: this.#size,
      verified: there,
      pieceCount: swarm?.pieceCount ?? 0,
      piecesVerified: swarm?.piecesVerified ?? 0,
      resumed: plain?.resumed ?? swarm?.resumed ?? (this.#fetched ? 0 : there),
      peers: this.#source.kind === 'swarm' ? (swarm?.peers ?? 0) : 0,
      rate: state === 'downloading' ? (plain?.bytesPerSecond ?? swarm?.rate ?? 0) : 0,
      bytesFromPeers: swarm?.bytesFromPeers ?? 0,
      bytesFromRegistry: (swarm?.bytesFromWebSeeds ?? 0) + (plain?.bytesFromRegistry ?? 0),
      state,
    };
  }

  /** Ends the fetch; what it has on disk stays there for the next one. */
  async stop(): Promise<void> {
    this.#abort.abort(new FetchError('FETCH_CLOSED', `the fetch of ${this.digest} was stopped`));
    await this.done.catch(() => {});
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { cache } = this.#parts;
    const cached = await abortable(cache.blobs.find(this.digest), signal);
    if (cached !== undefined) {
      this.#start(cached.size);
      return this.#moveTo({ kind: 'cache', path: cached.path });
    }
    this.#fetched = true;
    const torrent = await this.#findTorrent(signal);
    const size = torrent?.length ?? this.#expectedSize;
    if (size !== undefined) await cache.blobs.checkRoom(this.digest, size);
    if (torrent !== undefined && (await this.#fromSwarm(torrent, signal))) return;
    await this.#overHttp(signal);
  }

  async #findTorrent(signal: AbortSignal): Promise<Metainfo | undefined> {
    const [repository] = this.#repositories;
    if (repository === undefined) return await this.#parts.cache.torrents.find(this.digest);
    if ((this.#expectedSize ?? smallBlob) < smallBlob) return undefined;
    const { torrents } = this.#parts;
    const torrent = await abortable(torrents.find(repository, this.digest), signal);
    return torrent !== undefined && torrent.length >= smallBlob ? torrent : undefined;
  }

  /** True when the blob came from its swarm; false when it did not, and plain HTTP is next. */
  async #fromSwarm(metainfo: Metainfo, signal: AbortSignal): Promise<boolean> {
    const { cache, swarm, upstream, log } = this.#parts;
    const path = cache.blobs.partialPath(this.digest);
    const webSeeds = [...this.#repositories].map((name) => upstream.blobUrl(name, this.digest));
    // It may still be seeded from a file that was lost or damaged.
    swarm.withdraw(metainfo.infoHash);
    const download = swarm.download(metainfo, { path, webSeeds });
    const stop = (): void => void download.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      this.#start(metainfo.length);
      this.#moveTo({ kind: 'swarm', download });
      await download.done;
      this.#swarmed = download.progress();
      const blob = await cache.blobs.commit(this.digest, path, true, signal);
      this.#moveTo({ kind: 'cache', path: blob.path });
      await GrowingFile.remove(cache.blobs.plainPath(this.digest));
      swarm.announceSeed(metainfo.infoHash, metainfo.trackers);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      this.#swarmed = download.progress();
      await download.stop();
      if (codeOf(error) === 'CACHE_DIGEST_WRONG') {
        this.#generation++;
        await cache.torrents.drop(this.digest);
        await cache.blobs.removePartial(this.digest);
      }
      log.warn({ digest: this.digest, error: messageOf(error) }, 'the swarm failed; using HTTP');
      return false;
    } finally {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) await download.stop();
    }
  }

  async #overHttp(signal: AbortSignal): Promise<void> {
    const { cache, swarm } = this.#parts;
    if (this.#repositories.size === 0) {
      throw new FetchError('FETCH_NO_SOURCE', `no repository is known that has ${this.digest}`);
    }
    const path = cache.blobs.plainPath(this.digest);
    const target = {
      digest: this.digest,
      repositories: this.#repositories,
      size: this.#expectedSize,
      path,
    };
    const plain = new PlainDownload(this.#parts, target, (size) => this.#start(size));
    this.#plain = plain;
    try {
      this.#moveTo({ kind: 'plain', download: plain });
      await plain.run(signal);
      const blob = await cache.blobs.commit(this.digest, path, false);
      this.#moveTo({ kind: 'cache', path: blob.path });
    } finally {
      await plain.close();
    }
    await cache.blobs.removePartial(this.digest);
    const torrent = await cache.torrents.find(this.digest);
    if (torrent !== undefined) swarm.announceSeed(torrent.infoHash, torrent.trackers);
  }

  #start(size: number): void {
    this.#size = size;
    this.#onStart(size);
  }

  #moveTo(source: Source): void {
    this.#source = source;
    this.#changes.announce();
  }
}
