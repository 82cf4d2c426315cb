import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { seededRandom } from '../base/random.ts';
import { createRateLimiter } from '../base/rate-limiter.ts';
import { createMetainfo, type Metainfo } from '../torrent/metainfo.ts';
import type { Seed, Swarm } from './swarm-types.ts';
import { startSwarm } from './swarm.ts';
import type { SwarmOptions } from './swarm-options.ts';
import { createTrackerClient } from './create-tracker-client.ts';

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

/** A clock that runs so many times faster than the system's: hours of patience, with real sockets, in a test's time. */
export function fastClock(factor: number): Clock {
  return {
    now: () => systemClock.now() * factor,
    after: (milliseconds, task) => systemClock.after(milliseconds / factor, task),
  };
}

/** Looks every few milliseconds until `look` is true; throws, naming `what`, after `within` milliseconds. */
export async function until(what: string, look: () => boolean, within = 5_000): Promise<void> {
  const end = performance.now() + within;
  while (!look()) {
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A folder and swarms on loopback, for one test; all gone when it is disposed. */
export class SwarmLab implements AsyncDisposable {
  readonly folder: string;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<SwarmLab> {
    return new SwarmLab(await mkdtemp(join(tmpdir(), 'docket-swarm-')));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Has something closed when the lab is. */
  defer(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  /** A swarm that seeds what `seeds` hold. */
  async start(
    seeds: readonly Seed[] = [],
    options: Partial<SwarmOptions> & { rate?: number } = {},
  ): Promise<Swarm> {
    const trackerClient = createTrackerClient();
    this.defer(() => trackerClient.close());
    const swarm = await startSwarm({
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      upload: createRateLimiter(options.rate, systemClock),
      download: createRateLimiter(options.rate, systemClock),
      trackerClient,
      seed: (infoHash) =>
        Promise.resolve(seeds.find((seed) => seed.metainfo.infoHash === infoHash)),
      ...options,
    });
    this.defer(() => swarm.close());
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
    for (const close of this.#closers.reverse()) await close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where a swarm of the lab accepts peers. */
export function addressOf(swarm: Swarm): { host: string; port: number } {
  return { host: '127.0.0.1', port: swarm.port };
}
