import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../../base/log.ts';
import { makeFolder } from '../../storage/durable-file.ts';
import { FolderLock } from '../../storage/folder-lock.ts';
import type { InfoHash } from '../../torrent/ids.ts';
import type { Seed } from '../../swarm/swarm-types.ts';
import { BlobFiles } from './blob-files.ts';
import { ManifestFiles } from './manifest-files.ts';
import { TagFiles } from './tag-files.ts';
import { TorrentFiles, type BlobTorrent } from './torrent-files.ts';

/** All that a host keeps of what it pulled, in one folder that no other process works on meanwhile. */
export class ContentCache implements AsyncDisposable {
  readonly blobs: BlobFiles;
  readonly manifests: ManifestFiles;
  readonly tags: TagFiles;
  readonly torrents: TorrentFiles;
  readonly #folder: string;
  readonly #lock: FolderLock;

  private constructor(folder: string, lock: FolderLock, log: Log) {
    this.#folder = folder;
    this.#lock = lock;
    this.blobs = new BlobFiles(folder, log);
    this.manifests = new ManifestFiles(folder);
    this.tags = new TagFiles(folder);
    this.torrents = new TorrentFiles(folder, log);
  }

  /** Opens the cache in `folder`, which is made when it is not there. Throws StorageError STORAGE_LOCKED
   * when another process has it open. */
  static async open(folder: string, log: Log): Promise<ContentCache> {
    await makeFolder(path.resolve(folder));
    const lock = FolderLock.take(folder);
    try {
      const cache = new ContentCache(folder, lock, log);
      await cache.blobs.start(Date.now());
      await Promise.all(
        [cache.manifests, cache.tags, cache.torrents].map((files) => files.start()),
      );
      return cache;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** What a swarm asks when a peer wants a torrent: the blob, when it is there whole and right. */
  async seed(infoHash: InfoHash): Promise<Seed | undefined> {
    const torrent = await this.torrents.byInfoHash(infoHash);
    if (torrent === undefined) return undefined;
    const blob = await this.blobs.find(torrent.digest);
    if (blob?.size !== torrent.metainfo.length) return undefined;
    return { metainfo: torrent.metainfo, path: blob.path };
  }

  /** The torrents of all blobs that are there: what a host seeds after it starts. */
  async *seeds(): AsyncGenerator<BlobTorrent, void, undefined> {
    for (const infoHash of this.torrents.infoHashes()) {
      const torrent = await this.torrents.byInfoHash(infoHash);
      if (torrent !== undefined && (await this.blobs.has(torrent.digest))) yield torrent;
    }
  }

  /** Rejects when the folder cannot be written to any more. */
  async check(): Promise<void> {
    await access(path.join(this.#folder, 'partial'), constants.W_OK);
  }

  async close(): Promise<void> {
    this.#lock[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
