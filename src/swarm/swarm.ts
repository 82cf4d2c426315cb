import { every } from '../base/clock.ts';
import { shuffled } from '../base/random.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';
import { Acceptor } from './acceptor.ts';
import { createEnvironment } from './create-environment.ts';
import type { Answered } from './dialer.ts';
import { DownloadTask } from './download-task.ts';
import type { Environment } from './environment.ts';
import { OpenTorrents } from './open-torrents.ts';
import { Outreach } from './outreach.ts';
import { SeedAnnouncers } from './seed-announcers.ts';
import type { SwarmOptions } from './swarm-options.ts';
import type { Download, DownloadOptions, Swarm, SwarmTotals } from './swarm-types.ts';
import type { Torrent } from './torrent.ts';

const usualMaxPeers = 2_000;
/** How often torrents look after themselves, in milliseconds. */
export const tickEvery = 500;
/** Buffers that were not needed for so long are let go of. */
const trimEvery = 30_000;

/** Opens the port and begins to serve. Throws what the system says when the port cannot be had (`EADDRINUSE`…). */
export async function startSwarm(options: SwarmOptions): Promise<Swarm> {
  const swarm = new HostSwarm(options);
  try {
    await swarm.start(options.listen);
  } catch (error) {
    await swarm.close();
    throw error;
  }
  return swarm;
}

/** All swarms of one host: puts the parts together. */
class HostSwarm implements Swarm {
  readonly #env: Environment;
  readonly #acceptor: Acceptor;
  readonly #torrents: OpenTorrents;
  readonly #tasks = new Map<InfoHash, DownloadTask>();
  readonly #seeds: SeedAnnouncers;
  readonly #outreach: Outreach;
  readonly #onDamage: (infoHash: InfoHash) => void;
  readonly #maxPeers: number;
  #stopTicking = (): void => {};
  #trimmedAt = 0;
  #isClosed = false;

  constructor(options: SwarmOptions) {
    const { peersFrom = [], maxPeers: connections = usualMaxPeers } = options;
    this.#maxPeers = connections;
    this.#onDamage = options.damaged ?? ((): void => {});
    this.#env = createEnvironment(options, {
      port: () => this.port,
      hasRoom: () => this.#hasRoom(),
    });
    this.#torrents = new OpenTorrents(this.#env, {
      seed: options.seed,
      downloading: (infoHash) => this.#tasks.get(infoHash)?.opened,
      damaged: (torrent, piece, why) => this.#damaged(torrent, piece, why),
    });
    this.#acceptor = new Acceptor(
      this.#env,
      { peersFrom, limits: { connections, ...options.admission } },
      {
        hasRoom: () => this.#hasRoom(),
        find: (infoHash) => this.#torrents.find(infoHash),
      },
    );
    this.#seeds = new SeedAnnouncers(this.#env.trackers, {
      torrent: (infoHash) => this.#torrents.get(infoHash),
      greet: (infoHash, peers) => this.greet(infoHash, peers),
    });
    this.#outreach = new Outreach(this.#env.dialer, {
      isConnected: (infoHash, host) => this.#torrents.get(infoHash)?.isConnectedTo(host) === true,
      met: (infoHash, answered) => void this.#met(infoHash, answered),
    });
  }

  async start(address: PeerAddress): Promise<void> {
    await this.#acceptor.listen(address);
    this.#stopTicking = every(this.#env.clock, tickEvery, () => this.#tick());
  }

  get port(): number {
    return this.#acceptor.port;
  }

  download(metainfo: Metainfo, options: DownloadOptions): Download {
    const { infoHash } = metainfo;
    const known = this.#tasks.get(infoHash);
    if (known !== undefined) return known;
    this.#torrents.trust(infoHash);
    const task = new DownloadTask(metainfo, options, this.#env, {
      announceAfter: this.#seeds.leaving(infoHash),
      onEnd: () => this.#tasks.delete(infoHash),
    });
    if (this.#isClosed) {
      void task.stop();
      return task;
    }
    this.#tasks.set(infoHash, task);
    task.opened.then(
      (torrent) => this.#torrents.add(torrent),
      () => {},
    );
    return task;
  }

  find(infoHash: InfoHash): Download | undefined {
    return this.#tasks.get(infoHash);
  }

  announceSeed(infoHash: InfoHash, trackers: TrackerTiers): void {
    if (this.#seeds.has(infoHash) || this.#isClosed) return;
    this.#torrents.trust(infoHash);
    const task = this.#tasks.get(infoHash);
    if (task?.isComplete === true) this.#seeds.take(infoHash, task.handOver());
    else this.#seeds.start(infoHash, trackers);
  }

  withdraw(infoHash: InfoHash): void {
    this.#seeds.withdraw(infoHash);
    const isWhole = this.#torrents.get(infoHash)?.have.isFull === true;
    if (isWhole && !this.#tasks.has(infoHash)) this.#torrents.leave(infoHash);
  }

  greet(infoHash: InfoHash, peers: readonly PeerAddress[]): void {
    if (!this.#isClosed) this.#outreach.greet(infoHash, peers);
  }

  totals(): SwarmTotals {
    const { peers, size } = this.#torrents;
    return { ...this.#env.counters, peers, torrents: size };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTicking();
    this.#env.slots.close();
    this.#outreach.close();
    this.#env.teller.close();
    const unlistened = this.#acceptor.close();
    await Promise.all([
      ...[...this.#tasks.values()].map((task) => task.stop()),
      this.#seeds.close(),
      this.#torrents.close(),
    ]);
    await Promise.all([unlistened, this.#torrents.settled()]);
    this.#env.trackers.close();
    await this.#env.webSeeds.close();
  }

  /** A peer that was greeted answered. */
  async #met(infoHash: InfoHash, { connection, greeting }: Answered): Promise<void> {
    const torrent = await this.#torrents.find(infoHash).catch(() => undefined);
    const outcome =
      torrent === undefined || this.#isClosed
        ? 'never'
        : torrent.join(connection, greeting.handshake, greeting.rest, true);
    if (outcome !== 'joined') connection.destroy();
  }

  /** Wrong bytes help nobody: the torrent ends, and whoever owns the blob sees to it. */
  #damaged({ metainfo: { infoHash } }: Torrent, piece: number, why: string): void {
    this.#env.log.error({ infoHash, piece, why }, 'a blob is damaged on the disk');
    this.#torrents.passOver(infoHash);
    this.#tasks.get(infoHash)?.damaged(why);
    this.withdraw(infoHash);
    this.#onDamage(infoHash);
  }

  #tick(): void {
    const now = this.#env.clock.now();
    if (now - this.#trimmedAt > trimEvery) this.#trim(now);
    for (const task of shuffled(this.#env.random, this.#tasks.values())) task.tick(now);
    this.#torrents.tick(now);
  }

  #trim(now: number): void {
    this.#trimmedAt = now;
    this.#env.messages.trim();
    this.#env.pieces.trim();
  }

  /** True when one more connection may be opened or taken. */
  #hasRoom(): boolean {
    const strangers = this.#acceptor.greeting + this.#env.dialer.underWay;
    return this.#torrents.peers + strangers < this.#maxPeers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
