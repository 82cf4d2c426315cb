import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { BlobReader } from '../../agent/fetch/blob-reader.ts';
import type { Credentials } from '../../agent/upstream/registry-login.ts';
import { startHostEngine, type HostEngine } from '../../agent/host-engine.ts';
import { abortable } from '../../base/abortable.ts';
import { bothWays } from '../../base/link-limits.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { IpRange } from '../../torrent/ip-range.ts';
import type { Zone } from '../../torrent/zone.ts';
import { CliError } from '../cli-error.ts';
import { storedFile } from '../image/file-bytes.ts';
import type { StoredFile } from '../image/image-source.ts';
import { SpoolFolder } from '../location.ts';
import type { BlobSource, FetchProgress } from './blob-source.ts';

export interface SwarmBlobsOptions {
  /** The registry's URL. */
  readonly registry: string;
  /** Who we are there; default: nobody. */
  readonly credentials?: () => Promise<Credentials | undefined>;
  /** The client's folder. What an interrupted pull fetched is kept in it for the next. */
  readonly location: string;
  /** Bytes a second, each way. */
  readonly rate: number | undefined;
  /** Where this host stands. */
  readonly zone?: Zone | undefined;
  /** The networks that peers are in; none: they can be anywhere. */
  readonly peersFrom?: readonly IpRange[] | undefined;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

const progressInterval = 200;

/** Takes part in the swarms of an image's blobs, as an agent would. */
export class SwarmBlobs implements BlobSource {
  readonly description = 'the swarm';
  readonly #engine: HostEngine;
  readonly #spool: SpoolFolder | undefined;
  /** Files of the cache, by digest. */
  readonly #fetched = new Map<Digest, string>();

  private constructor(engine: HostEngine, spool: SpoolFolder | undefined) {
    this.#engine = engine;
    this.#spool = spool;
  }

  /** One pull at a time uses the folder's cache; others work in temporary ones, which are removed. */
  static async start(options: SwarmBlobsOptions): Promise<SwarmBlobs> {
    const { location, rate, zone, peersFrom, log, clock = systemClock } = options;
    const start = (folder: string): Promise<HostEngine> =>
      startHostEngine({
        registry: new URL(options.registry),
        credentials: options.credentials,
        location: folder,
        link: bothWays(rate),
        zone,
        peersFrom,
        clock,
        random: systemRandom,
        log,
      });
    try {
      return new SwarmBlobs(await start(path.join(location, 'cache')), undefined);
    } catch (error) {
      if (codeOf(error) !== 'STORAGE_LOCKED') throw error;
    }
    const spool = await SpoolFolder.create(location);
    try {
      return new SwarmBlobs(await start(spool.next()), spool);
    } catch (error) {
      await spool.close();
      throw error;
    }
  }

  async fetch(
    repository: Repository,
    { digest, size }: Descriptor,
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ): Promise<StoredFile> {
    const { fetcher, cache } = this.#engine;
    const reader = await fetcher.blobs.open(repository, digest, size, signal);
    try {
      await this.#follow(reader, size, onProgress, signal);
    } finally {
      await reader.close();
    }
    const file = await cache.blobs.find(digest);
    if (file === undefined) {
      throw new CliError('WRONG_CONTENT', `the blob ${digest} was damaged on the disk`);
    }
    this.#fetched.set(digest, file.path);
    return storedFile(file.path, file.size);
  }

  /** Bytes sent to other hosts, and how many of them are connected. */
  seeding(): { readonly sent: number; readonly peers: number } {
    return this.#engine.swarm.totals();
  }

  async forget(): Promise<void> {
    const { cache } = this.#engine;
    for (const [digest, file] of this.#fetched) {
      await rm(file, { force: true });
      await cache.torrents.drop(digest);
    }
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await this.#spool?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #follow(
    reader: BlobReader,
    size: number,
    onProgress: (progress: FetchProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (reader.size !== size) {
      throw new CliError(
        'WRONG_CONTENT',
        `the blob ${reader.digest} has ${reader.size} bytes (its manifest says ${size})`,
      );
    }
    const timer = setInterval(() => onProgress(reader.progress()), progressInterval);
    try {
      await abortable(reader.done, signal);
    } finally {
      clearInterval(timer);
    }
    onProgress(reader.progress());
  }
}
