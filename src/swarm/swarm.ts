import { randomBytes } from 'node:crypto';
import { BufferPool } from '../base/buffer-pool.ts';
import { every, sleep, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { shuffled, type Random } from '../base/random.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import { Appetite, usualSources } from '../torrent/appetite.ts';
import { TurnTimes } from '../torrent/turn-times.ts';
import { usualSlots } from '../torrent/upload-slots.ts';
import { Bitfield } from '../torrent/bitfield.ts';
import { encodeHandshake } from '../torrent/handshake.ts';
import { peerIdOf, type InfoHash, type PeerAddress, type PeerId } from '../torrent/ids.ts';
import { isPeerHost } from '../torrent/dial-rules.ts';
import type { IpRange } from '../torrent/ip-range.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';
import type { Zone } from '../torrent/zone.ts';
import { Admission, type AdmissionLimits, type Place } from './admission.ts';
import { Announcer, type Announced } from './announcer.ts';
import { BanList } from './ban-list.ts';
import { Dialer, type Answered } from './dialer.ts';
import type { Disk } from './disk.ts';
import { DownloadTask } from './download-task.ts';
import type { Environment } from './environment.ts';
import { receiveGreeting } from './greeting.ts';
import type { Connection, Listener, Network } from './network.ts';
import { fileDisk } from './piece-file.ts';
import { Outreach } from './outreach.ts';
import { SlotKeeper } from './slot-keeper.ts';
import { Teller } from './teller.ts';
import type { Download, DownloadOptions, Seed, Swarm, SwarmTotals } from './swarm-types.ts';
import { tcpNetwork } from './tcp-network.ts';
import { Torrent } from './torrent.ts';
import { TrackerBook } from './tracker-book.ts';
import type { TrackerClient } from './tracker-client.ts';
import { WebSeedClient, type RangeClient } from './web-seed-client.ts';

export interface SwarmOptions {
  /** Where peers are accepted; port 0 takes a free one. */
  readonly listen: PeerAddress;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The link, shared with whatever else the process sends and receives over it. */
  readonly upload: RateLimiter;
  readonly download: RateLimiter;
  readonly trackerClient: TrackerClient;
  /** A whole blob of this host by its info hash: asked when a peer comes for one that is not in memory. */
  readonly seed: (infoHash: InfoHash) => Promise<Seed | undefined>;
  /**
   * Told when the bytes of a blob of this host are not right any more: its torrent is closed, and for a minute nobody is
   * asked for it again. Must not throw.
   */
  readonly damaged?: (infoHash: InfoHash) => void;
  /** Show a blob piece by piece while the swarm has no whole copy: for the registry. */
  readonly isOrigin?: boolean;
  /** Where this host stands. It is told to trackers and peers. */
  readonly zone?: Zone | undefined;
  readonly peerId?: PeerId;
  readonly network?: Network;
  readonly disk?: Disk;
  /** Closed with the swarm. */
  readonly webSeedClient?: RangeClient;
  /** How many peers are served at a time. */
  readonly uploadSlots?: number;
  /** The networks that peers are in; default: they can be anywhere. */
  readonly peersFrom?: readonly IpRange[] | undefined;
  /** The most connections to peers, whoever opened them; default 2000. */
  readonly maxPeers?: number | undefined;
  /** How fast connections are taken, and how many that say nothing. */
  readonly admission?: AdmissionLimits;
  /** Of how many peers a download draws at a time. */
  readonly sources?: number;
}

/** A torrent without peers is closed after this many milliseconds. */
const idleTorrentAfter = 60_000;
/** Of torrents without peers so many stay open at most: each has a file open. */
const mostIdleTorrents = 64;
const usualMaxPeers = 2_000;
const tickEvery = 500;
/** Buffers that were not needed for so long are let go of. */
const trimEvery = 30_000;
/** Bytes of messages that are being sent, and of pieces that are being fetched, over all torrents. */
const messageBytes = 32 * 1024 * 1024;
const pieceBytes = 32 * 1024 * 1024;
/** A blob that was found damaged is passed over for so long, in milliseconds. */
const damagedFor = 60_000;
/** Milliseconds for a connection of this host to itself. */
const selfTalk = 1_000;
/** A seed with fewer connections asks trackers for so many peers that lack something. */
const lonely = 4;
const peersOfLonelySeed = 8;

/** A new peer id (BEP 20): `-DK0100-` and 12 random bytes. */
export function createPeerId(): PeerId {
  return peerIdOf(Buffer.concat([Buffer.from('-DK0100-'), randomBytes(12)]));
}

/** Opens the port and begins to serve. Throws what the system says when the port cannot be had (`EADDRINUSE`…). */
export async function startSwarm(options: SwarmOptions): Promise<Swarm> {
  const swarm = new TcpSwarm(options);
  try {
    await swarm.start(options.listen);
  } catch (error) {
    await swarm.close();
    throw error;
  }
  return swarm;
}

class TcpSwarm implements Swarm {
  readonly #seed: SwarmOptions['seed'];
  readonly #onDamage: (infoHash: InfoHash) => void;
  /** Until when blobs that were found damaged are passed over. */
  readonly #damagedUntil = new Map<InfoHash, number>();
  readonly #env: Environment;
  #listener: Listener | undefined;
  readonly #torrents = new Map<InfoHash, Torrent>();
  readonly #opening = new Map<InfoHash, Promise<Torrent | undefined>>();
  readonly #tasks = new Map<InfoHash, DownloadTask>();
  readonly #seeds = new Map<InfoHash, Announcer>();
  readonly #outreach: Outreach;
  readonly #peersFrom: readonly IpRange[];
  /** Seeds that say good-bye to their trackers. */
  readonly #leaving = new Map<InfoHash, Promise<void>>();
  /** All seeds speak to their trackers through this one. */
  readonly #seeding: Announced;
  readonly #maxPeers: number;
  readonly #admission: Admission;
  readonly #greeting = new Set<Connection>();
  readonly #closing = new Set<Promise<void>>();
  #stopTicking = (): void => {};
  #trimmedAt = 0;
  readonly #ending = new AbortController();
  #isClosed = false;

  constructor(options: SwarmOptions) {
    const { clock, random, log, upload, download, trackerClient } = options;
    const id = options.peerId ?? createPeerId();
    const network = options.network ?? tcpNetwork;
    this.#peersFrom = options.peersFrom ?? [];
    this.#seed = options.seed;
    this.#onDamage = options.damaged ?? ((): void => {});
    this.#maxPeers = options.maxPeers ?? usualMaxPeers;
    this.#admission = new Admission(clock, { connections: this.#maxPeers, ...options.admission });
    this.#env = {
      id,
      port: () => this.port,
      clock,
      random,
      log,
      upload,
      download,
      network,
      dialer: new Dialer({
        id,
        network,
        clock,
        rules: () => ({ peersFrom: this.#peersFrom, ownPort: this.port }),
        hasRoom: () => this.#hasRoom(),
      }),
      trackers: new TrackerBook({
        client: trackerClient,
        clock,
        random,
        log,
        id,
        port: () => this.port,
        zone: options.zone,
      }),
      webSeeds: options.webSeedClient ?? new WebSeedClient(),
      disk: options.disk ?? fileDisk(clock),
      messages: new BufferPool(messageBytes),
      pieces: new BufferPool(pieceBytes),
      bans: new BanList(clock),
      slots: new SlotKeeper(options.uploadSlots ?? usualSlots, clock),
      appetite: new Appetite(options.sources ?? usualSources),
      takings: new TurnTimes(),
      givings: new TurnTimes(),
      teller: new Teller(clock),
      counters: { sent: 0, received: 0, fromWebSeeds: 0 },
      isOrigin: options.isOrigin ?? false,
      zone: options.zone,
    };
    this.#seeding = {
      figures: (infoHash) => {
        const torrent = this.#torrents.get(infoHash);
        return {
          left: 0,
          uploaded: torrent?.sent ?? 0,
          downloaded: 0,
          connections: torrent?.memberCount ?? 0,
          wanted: (torrent?.memberCount ?? 0) < lonely ? peersOfLonelySeed : 0,
        };
      },
      found: (infoHash, peers, incomplete) => this.greet(infoHash, peers.slice(0, incomplete)),
    };
    this.#outreach = new Outreach(this.#env.dialer, {
      isConnected: (infoHash, host) => this.#torrents.get(infoHash)?.isConnectedTo(host) === true,
      met: (infoHash, answered) => void this.#met(infoHash, answered),
    });
  }

  async start(address: PeerAddress): Promise<void> {
    this.#listener = await this.#env.network.listen(
      address,
      (connection) => void this.#accept(connection),
    );
    this.#stopTicking = every(this.#env.clock, tickEvery, () => this.#tick());
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  download(metainfo: Metainfo, options: DownloadOptions): Download {
    const { infoHash } = metainfo;
    const known = this.#tasks.get(infoHash);
    if (known !== undefined) return known;
    this.#damagedUntil.delete(infoHash);
    const task = new DownloadTask(metainfo, options, this.#env, {
      announceAfter: this.#leaving.get(infoHash),
      onEnd: () => this.#tasks.delete(infoHash),
    });
    if (this.#isClosed) {
      void task.stop();
      return task;
    }
    this.#tasks.set(infoHash, task);
    task.opened.then(
      (torrent) => this.#add(torrent),
      () => {},
    );
    return task;
  }

  find(infoHash: InfoHash): Download | undefined {
    return this.#tasks.get(infoHash);
  }

  announceSeed(infoHash: InfoHash, trackers: TrackerTiers): void {
    if (this.#seeds.has(infoHash) || this.#isClosed) return;
    this.#damagedUntil.delete(infoHash);
    const task = this.#tasks.get(infoHash);
    if (task?.isComplete === true) {
      const announcer = task.handOver();
      announcer.handOver(this.#seeding);
      this.#seeds.set(infoHash, announcer);
      return;
    }
    const announcer = new Announcer(infoHash, trackers, this.#seeding, this.#env.trackers);
    this.#seeds.set(infoHash, announcer);
    announcer.start();
  }

  withdraw(infoHash: InfoHash): void {
    const leaving = this.#seeds.get(infoHash)?.stop();
    this.#seeds.delete(infoHash);
    if (leaving !== undefined) {
      this.#leaving.set(infoHash, leaving);
      void leaving.then(() => this.#leaving.delete(infoHash));
    }
    const torrent = this.#torrents.get(infoHash);
    if (torrent?.have.isFull === true && !this.#tasks.has(infoHash)) this.#close(infoHash, torrent);
  }

  greet(infoHash: InfoHash, peers: readonly PeerAddress[]): void {
    if (!this.#isClosed) this.#outreach.greet(infoHash, peers);
  }

  totals(): SwarmTotals {
    let peers = 0;
    for (const torrent of this.#torrents.values()) peers += torrent.memberCount;
    return { ...this.#env.counters, peers, torrents: this.#torrents.size };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ending.abort();
    this.#stopTicking();
    this.#env.slots.close();
    this.#outreach.close();
    this.#env.teller.close();
    const unlistened = this.#listener?.close();
    for (const connection of this.#greeting) connection.destroy();
    await Promise.all([
      ...[...this.#tasks.values()].map((task) => task.stop()),
      ...[...this.#seeds.values()].map((announcer) => announcer.stop()),
      ...this.#leaving.values(),
      ...[...this.#torrents.values()].map((torrent) => torrent.close()),
    ]);
    await Promise.all([unlistened, ...this.#opening.values(), ...this.#closing]);
    this.#env.trackers.close();
    await this.#env.webSeeds.close();
  }

  /** A peer came. Without an answer it is dropped when it is not wanted, or wants what is not here. */
  async #accept(connection: Connection): Promise<void> {
    const { host } = connection.remote;
    const isPeer = !this.#isClosed && isPeerHost(host, { peersFrom: this.#peersFrom });
    const place = isPeer && this.#hasRoom() ? this.#admission.enter(host) : undefined;
    if (place === undefined) return connection.destroy();
    this.#greeting.add(connection);
    const isJoined = await this.#greet(connection, place).catch((error: unknown) => {
      this.#env.log.warn(
        { error: messageOf(error), peer: connection.remote },
        'a peer could not be served',
      );
      return false;
    });
    this.#greeting.delete(connection);
    place.greeted();
    if (isJoined) return undefined;
    connection.destroy();
    return place.leave();
  }

  /** True when it takes part in a torrent from now on. */
  async #greet(connection: Connection, place: Place): Promise<boolean> {
    const greeting = await receiveGreeting(connection, this.#env.clock);
    if (greeting === undefined) return false;
    const { handshake, rest } = greeting;
    const torrent = await this.#find(handshake.infoHash);
    if (torrent === undefined || this.#isClosed) return false;
    connection.write([encodeHandshake(handshake.infoHash, this.#env.id)]);
    if (torrent.join(connection, handshake, rest, false, place.leave) === 'joined') return true;
    // We have dialled ourselves: the dialling half must read who it is, and then ends it.
    if (handshake.peerId === this.#env.id)
      await sleep(this.#env.clock, selfTalk, this.#ending.signal).catch(() => {});
    return false;
  }

  /** A peer that was greeted answered. */
  async #met(infoHash: InfoHash, { connection, greeting }: Answered): Promise<void> {
    const torrent = await this.#find(infoHash).catch(() => undefined);
    const outcome =
      torrent === undefined || this.#isClosed
        ? 'never'
        : torrent.join(connection, greeting.handshake, greeting.rest, true);
    if (outcome !== 'joined') connection.destroy();
  }

  async #find(infoHash: InfoHash): Promise<Torrent | undefined> {
    const open = this.#torrents.get(infoHash);
    if (open?.isClosed === false) return open;
    const task = this.#tasks.get(infoHash);
    if (task !== undefined) return task.opened.catch(() => undefined);
    if ((this.#damagedUntil.get(infoHash) ?? -Infinity) > this.#env.clock.now()) return undefined;
    const known = this.#opening.get(infoHash);
    if (known !== undefined) return await known;
    const opening = this.#open(infoHash).catch((error: unknown) => {
      this.#env.log.warn({ infoHash, error: messageOf(error) }, 'a seed could not be opened');
      return undefined;
    });
    this.#opening.set(infoHash, opening);
    return await opening.finally(() => this.#opening.delete(infoHash));
  }

  async #open(infoHash: InfoHash): Promise<Torrent | undefined> {
    const seed = await this.#seed(infoHash);
    if (seed === undefined || this.#isClosed) return undefined;
    const { metainfo, path } = seed;
    const store = await this.#env.disk.openWhole(path, metainfo);
    const torrent = new Torrent(metainfo, store, Bitfield.full(metainfo.pieceCount), this.#env);
    // Meanwhile it may have been closed, or a download of the same blob have begun.
    if (this.#isClosed || this.#tasks.has(infoHash)) {
      await torrent.close();
      return await this.#tasks.get(infoHash)?.opened.catch(() => undefined);
    }
    this.#add(torrent);
    return torrent;
  }

  #add(torrent: Torrent): void {
    const { infoHash } = torrent.metainfo;
    const other = this.#torrents.get(infoHash);
    if (other !== undefined) this.#close(infoHash, other);
    this.#torrents.set(infoHash, torrent);
    torrent.onDamage = (piece, why) => this.#damaged(torrent, piece, why);
  }

  /** Wrong bytes help nobody: the torrent ends, and whoever owns the blob sees to it. */
  #damaged({ metainfo: { infoHash } }: Torrent, piece: number, why: string): void {
    this.#env.log.error({ infoHash, piece, why }, 'a blob is damaged on the disk');
    this.#damagedUntil.set(infoHash, this.#env.clock.now() + damagedFor);
    this.#tasks.get(infoHash)?.damaged(why);
    this.withdraw(infoHash);
    this.#onDamage(infoHash);
  }

  #tick(): void {
    const now = this.#env.clock.now();
    if (now - this.#trimmedAt > trimEvery) this.#trim(now);
    for (const task of shuffled(this.#env.random, this.#tasks.values())) task.tick(now);
    for (const [infoHash, torrent] of this.#torrents) {
      torrent.tick(now);
      if (torrent.isClosed) this.#torrents.delete(infoHash);
    }
    this.#closeIdle(now);
  }

  #closeIdle(now: number): void {
    const idle = [...this.#torrents]
      .filter(([infoHash]) => !this.#tasks.has(infoHash))
      .map(([infoHash, torrent]) => ({ infoHash, torrent, idleFor: torrent.idleFor(now) }))
      .filter(({ idleFor }) => idleFor > 0)
      .sort((a, b) => a.idleFor - b.idleFor);
    for (const [place, { infoHash, torrent, idleFor }] of idle.entries()) {
      if (place >= mostIdleTorrents || idleFor > idleTorrentAfter) this.#close(infoHash, torrent);
    }
  }

  /** True when one more connection may be opened or taken. */
  #hasRoom(): boolean {
    const { peers } = this.totals();
    return peers + this.#greeting.size + this.#env.dialer.underWay < this.#maxPeers;
  }

  #trim(now: number): void {
    this.#trimmedAt = now;
    this.#env.messages.trim();
    this.#env.pieces.trim();
  }

  #close(infoHash: InfoHash, torrent: Torrent): void {
    this.#torrents.delete(infoHash);
    const closing = torrent.close().catch((error: unknown) => {
      this.#env.log.warn({ infoHash, error: messageOf(error) }, 'a torrent was not closed well');
    });
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
