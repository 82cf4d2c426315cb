import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { seededRandom } from '../base/random.ts';
import { createRateLimiter } from '../base/rate-limiter.ts';
import { createMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import type { Seed, Swarm } from './swarm-types.ts';
import { startSwarm, type SwarmOptions } from './swarm.ts';
import { TrackerClient } from './tracker-client.ts';

/** Bytes that no compression and no luck can make, the same for the same seed. */
export function noise(length: number, seed = 1): Buffer {
  const random = seededRandom(seed);
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) bytes[index] = random() * 256;
  return bytes;
}

/** The torrent of `bytes`. */
export function metainfoOf(bytes: Buffer, pieceLength = 65_536): Metainfo {
  const pieces: Buffer[] = [];
  for (let begin = 0; begin < bytes.length; begin += pieceLength)
    pieces.push(bytes.subarray(begin, begin + pieceLength));
  return createMetainfo({
    name: `sha256-${hash('sha256', bytes)}`,
    length: bytes.length,
    pieceLength,
    sha1: Buffer.concat(pieces.map((piece) => hash('sha1', piece, 'buffer'))),
    sha256: Buffer.concat(pieces.map((piece) => hash('sha256', piece, 'buffer'))),
  });
}

/** A folder and swarms on loopback, for one test; all gone when it is disposed. */
export class SwarmLab implements AsyncDisposable {
  readonly folder: string;
  readonly #swarms: Swarm[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<SwarmLab> {
    return new SwarmLab(await mkdtemp(join(tmpdir(), 'docket-swarm-')));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A swarm that seeds what `seeds` hold. */
  async start(
    seeds: readonly Seed[] = [],
    options: Partial<SwarmOptions> & { rate?: number } = {},
  ): Promise<Swarm> {
    const swarm = await startSwarm({
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      upload: createRateLimiter(options.rate, systemClock),
      download: createRateLimiter(options.rate, systemClock),
      trackerClient: new TrackerClient(),
      seed: (infoHash) =>
        Promise.resolve(seeds.find((seed) => seed.metainfo.infoHash === infoHash)),
      ...options,
    });
    this.#swarms.push(swarm);
    return swarm;
  }

  /** A whole blob on disk. */
  async seed(bytes: Buffer, pieceLength?: number): Promise<Seed> {
    const metainfo = metainfoOf(bytes, pieceLength);
    const path = this.path(`seed-${metainfo.infoHash}`);
    await writeFile(path, bytes);
    return { metainfo, path };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#swarms.map((swarm) => swarm.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where a swarm of the lab accepts peers. */
export function addressOf(swarm: Swarm): { host: string; port: number } {
  return { host: '127.0.0.1', port: swarm.port };
}
