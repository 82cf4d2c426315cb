import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { digestFileName, isDigest, type Digest } from '../../oci/digest.ts';
import { isInfoHash, type InfoHash } from '../../torrent/ids.ts';
import { MetainfoError, parseMetainfo, type Metainfo } from '../../torrent/metainfo.ts';
import { writeFileDurably } from '../../storage/durable-file.ts';
import { prepareFolder } from './prepare-folder.ts';

const suffix = '.torrent';

/** A blob's torrent, with the digest that its name stands for. */
export interface BlobTorrent {
  readonly digest: Digest;
  readonly metainfo: Metainfo;
}

/**
 * Torrents as files `torrents/<info hash>.torrent`, and `torrents/<digest's file name>` that names the info hash. Strangers ask
 * for any info hash, so which ones there are is known without the disk.
 */
export class TorrentFiles {
  readonly #folder: string;
  readonly #log: Log;
  readonly #infoHashes = new Set<InfoHash>();

  constructor(folder: string, log: Log) {
    this.#folder = path.join(folder, 'torrents');
    this.#log = log;
  }

  /** Makes the folder, and looks what is in it. Call it once, first. */
  async start(): Promise<void> {
    await prepareFolder(this.#folder);
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith(suffix)) continue;
      const infoHash = name.slice(0, -suffix.length);
      if (isInfoHash(infoHash)) this.#infoHashes.add(infoHash);
    }
  }

  /** The torrent that was kept for a blob. */
  async find(digest: Digest): Promise<Metainfo | undefined> {
    const infoHash = (await this.#read(digestFileName(digest)))?.toString('latin1');
    if (infoHash === undefined || !isInfoHash(infoHash)) return undefined;
    const torrent = await this.byInfoHash(infoHash);
    return torrent?.digest === digest ? torrent.metainfo : undefined;
  }

  /** The torrent of an info hash; undefined when it is not there, or damaged. */
  async byInfoHash(infoHash: InfoHash): Promise<BlobTorrent | undefined> {
    if (!this.#infoHashes.has(infoHash)) return undefined;
    const name = infoHash + suffix;
    const bytes = await this.#read(name);
    if (bytes === undefined) return undefined;
    try {
      const metainfo = parseMetainfo(bytes);
      const digest = digestOfName(metainfo.name);
      if (metainfo.infoHash === infoHash && digest !== undefined) return { digest, metainfo };
    } catch (error) {
      if (!(error instanceof MetainfoError)) throw error;
    }
    this.#log.warn({ name }, 'a torrent in the cache is damaged and will not be used');
    return undefined;
  }

  /** All info hashes that torrents were kept for. */
  infoHashes(): readonly InfoHash[] {
    return [...this.#infoHashes];
  }

  /** Keeps the torrent of a blob; `bytes` are the file that `metainfo` was read from. */
  async put(digest: Digest, metainfo: Metainfo, bytes: Uint8Array): Promise<void> {
    await writeFileDurably(path.join(this.#folder, metainfo.infoHash + suffix), bytes);
    this.#infoHashes.add(metainfo.infoHash);
    const pointer = path.join(this.#folder, digestFileName(digest));
    await writeFileDurably(pointer, Buffer.from(metainfo.infoHash));
  }

  /** Forgets a blob's torrent that turned out to be of other bytes. */
  async drop(digest: Digest): Promise<void> {
    const pointer = path.join(this.#folder, digestFileName(digest));
    const infoHash = (await this.#read(digestFileName(digest)))?.toString('latin1');
    if (infoHash !== undefined && isInfoHash(infoHash)) {
      this.#infoHashes.delete(infoHash);
      await rm(path.join(this.#folder, infoHash + suffix), { force: true });
    }
    await rm(pointer, { force: true });
  }

  async #read(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(path.join(this.#folder, name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** The digest that a torrent's name stands for; undefined for torrents that are none of Docket's. */
export function digestOfName(name: string): Digest | undefined {
  const digest = name.replace('-', ':');
  return isDigest(digest) ? digest : undefined;
}
