import assert from 'node:assert/strict';
import { abortable } from '../base/abortable.ts';
import { pieceSize } from '../torrent/geometry.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { isWebSeedTurn } from '../torrent/web-seed-turn.ts';
import { Announcer, type Announced } from './announcer.ts';
import type { Environment } from './environment.ts';
import { Fetching } from './fetching.ts';
import { PeerSearch } from './peer-search.ts';
import { PieceWaits } from './piece-waits.ts';
import { SwarmError } from './swarm-error.ts';
import type { Download, DownloadOptions, DownloadProgress } from './swarm-types.ts';
import { Torrent } from './torrent.ts';
import { WebSeed } from './web-seed.ts';

/** A reader that waits so long (milliseconds) makes its piece the first to be asked of peers, then of a web seed. */
const hurryAfter = 5_000;
const webSeedAfter = 60_000;
/** Nothing from anywhere for so long: the download fails. */
const stalledAfter = 120_000;
const longestWebSeedPause = 60_000;
/** Peers asked for in one announce. */
export const peersWanted = 50;

/** What a download is to the swarms of its process. */
export interface DownloadOwner {
  /** The good-bye of a seed of the same blob, which trackers must not take for this download's. */
  readonly announceAfter: Promise<void> | undefined;
  /** Called once, when the torrent is no longer this task's. */
  readonly onEnd: () => void;
}

/** One blob on its way here: finds peers, fetches, wakes readers; afterwards the torrent goes on as a seed. */
export class DownloadTask implements Download {
  readonly metainfo: Metainfo;
  readonly done: Promise<void>;
  /** The torrent, once the file is open; rejects with a SwarmError when it cannot be opened. */
  readonly opened: Promise<Torrent>;
  readonly #options: DownloadOptions;
  readonly #env: Environment;
  readonly #settled = Promise.withResolvers<void>();
  readonly #waits = new PieceWaits();
  readonly #announcer: Announcer;
  readonly #chance: number;
  readonly #abort = new AbortController();
  #webSeeds: readonly WebSeed[] = [];
  #torrent: Torrent | undefined;
  #fetching: Fetching | undefined;
  #search: PeerSearch | undefined;
  #state: 'fetching' | 'complete' | 'ended' = 'fetching';
  #isHandedOver = false;
  #verified = 0;
  #resumed = 0;
  #rate = 0;
  #ticked = { at: 0, bytes: 0 };
  #webSeedNotBefore = 0;
  readonly #owner: DownloadOwner;

  constructor(
    metainfo: Metainfo,
    options: DownloadOptions,
    env: Environment,
    owner: DownloadOwner,
  ) {
    this.#owner = owner;
    this.metainfo = metainfo;
    this.#options = options;
    this.#env = env;
    this.#chance = env.random();
    this.done = this.#settled.promise;
    this.done.catch(() => {});
    this.#announcer = new Announcer(
      metainfo.infoHash,
      options.trackers ?? metainfo.trackers,
      this.#announced(),
      env.trackers,
    );
    this.opened = this.#open().catch((error: unknown) => {
      const failure = this.#abort.signal.aborted ? stopped() : diskError(error);
      this.#fail(failure);
      throw failure;
    });
    this.opened.catch(() => {});
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  progress(): DownloadProgress {
    const { length, pieceCount } = this.metainfo;
    return {
      length,
      verified: this.#verified,
      pieceCount,
      piecesVerified: this.#torrent?.have.count ?? 0,
      resumed: this.#resumed,
      peers: this.#torrent?.memberCount ?? 0,
      bytesFromPeers: this.#fetching?.bytesFromPeers ?? 0,
      bytesFromWebSeeds: this.#fetching?.bytesFromWebSeeds ?? 0,
      rate: this.#state === 'fetching' ? this.#rate : 0,
    };
  }

  async read(
    offset: number,
    most: number,
    signal?: AbortSignal,
    into?: Uint8Array,
  ): Promise<Uint8Array> {
    const { pieceLength } = this.metainfo;
    assert.ok(
      offset >= 0 && offset < this.metainfo.length && most > 0,
      `read ${most} at ${offset}`,
    );
    const torrent = this.#torrent ?? (await abortable(this.opened, signal));
    const piece = Math.floor(offset / pieceLength);
    const begin = offset - piece * pieceLength;
    while (!torrent.have.has(piece)) await this.#waits.wait(piece, this.#env.clock.now(), signal);
    if (torrent.isClosed) throw stopped();
    const length = Math.min(most, pieceSize(this.metainfo, piece) - begin, 256 * 1024);
    const bytes = into?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length);
    await torrent.store.read(piece, begin, [bytes]);
    return bytes;
  }

  async stop(): Promise<void> {
    if (this.#isHandedOver) return;
    this.#fail(stopped());
    const torrent = await this.opened.catch(() => undefined);
    await Promise.all([this.#announcer.stop(), torrent?.close()]);
  }

  /** Gives the torrent away, whole: it goes on as a seed with this announcer, whatever becomes of this task. */
  handOver(): Announcer {
    this.#isHandedOver = true;
    this.#owner.onEnd();
    return this.#announcer;
  }

  /** What it wrote is not there any more as it was. */
  damaged(why: string): void {
    this.#fail(diskError(why));
  }

  /** Looks after what only time brings. */
  tick(now: number): void {
    const fetching = this.#fetching;
    if (fetching === undefined || this.#state !== 'fetching') return;
    this.#measure(now);
    for (const piece of this.#waits.waitedSince(now - hurryAfter)) fetching.hurry(piece);
    fetching.tick(now);
    this.#search?.dialMore();
    this.#tryWebSeeds(fetching, now);
    if (now - fetching.blockAt > stalledAfter) {
      this.#fail(
        new SwarmError(
          'SWARM_STALLED',
          `nothing came from peers or web seeds for ${stalledAfter / 1000} s`,
        ),
      );
    }
  }

  async #open(): Promise<Torrent> {
    const env = this.#env;
    const { signal } = this.#abort;
    const { path } = this.#options;
    const { store, had } = await env.disk.openPartial(path, this.metainfo, signal);
    if (signal.aborted) {
      await store.close();
      throw stopped();
    }
    const torrent = new Torrent(this.metainfo, store, had, env);
    for (const piece of had.indexes()) this.#resumed += pieceSize(this.metainfo, piece);
    this.#verified = this.#resumed;
    this.#torrent = torrent;
    this.#fetching = new Fetching(torrent, env, {
      verified: (piece) => this.#gotPiece(piece),
      complete: () => void this.#complete(),
      failed: (error) => this.#fail(diskError(error)),
    });
    torrent.wanting = this.#fetching;
    this.#begin(torrent, this.#fetching);
    return torrent;
  }

  #begin(torrent: Torrent, fetching: Fetching): void {
    const { metainfo } = this;
    const { webSeeds, download } = this.#env;
    const { announceAfter } = this.#owner;
    if (announceAfter === undefined) this.#announcer.start();
    else void announceAfter.then(() => this.#announcer.start());
    if (torrent.have.isFull) return void this.#complete();
    const headers = this.#options.webSeedHeaders ?? {};
    this.#webSeeds = (this.#options.webSeeds ?? metainfo.webSeeds).map(
      (url) => new WebSeed(url, metainfo, webSeeds, headers, download, fetching),
    );
    this.#search = new PeerSearch(metainfo.infoHash, this.#env, {
      connections: () => torrent.memberCount,
      outside: () => fetching.peersOutside,
      met: (connection, { handshake, rest }) => torrent.join(connection, handshake, rest, true),
    });
    torrent.onLeft = (peer) => this.#search?.lost(peer.remote);
    this.#search.add(this.#options.peers ?? []);
    return undefined;
  }

  #announced(): Announced {
    return {
      figures: () => {
        const left = this.metainfo.length - this.#verified;
        return {
          left,
          uploaded: this.#torrent?.sent ?? 0,
          downloaded: this.#verified - this.#resumed,
          connections: this.#torrent?.memberCount ?? 0,
          wanted: left === 0 ? 0 : peersWanted,
        };
      },
      found: (_, peers) => {
        if (this.#state === 'fetching') this.#search?.add(peers);
      },
    };
  }

  #gotPiece(piece: number): void {
    this.#verified += pieceSize(this.metainfo, piece);
    this.#waits.verified(piece);
  }

  async #complete(): Promise<void> {
    this.#search?.close();
    this.#fetching?.close();
    for (const webSeed of this.#webSeeds) webSeed.close();
    try {
      await this.#torrent?.store.sync();
    } catch (error) {
      return this.#fail(diskError(error));
    }
    if (this.#state !== 'fetching') return;
    this.#state = 'complete';
    this.#torrent?.partFromSeeds();
    // Only who fetched something has completed a download (BEP 3).
    if (this.#verified > this.#resumed) this.#announcer.complete();
    this.#settled.resolve();
  }

  #fail(error: SwarmError): void {
    if (this.#state === 'ended') return;
    const wasFetching = this.#state === 'fetching';
    this.#state = 'ended';
    this.#abort.abort();
    this.#search?.close();
    this.#fetching?.close();
    for (const webSeed of this.#webSeeds) webSeed.close();
    this.#waits.fail(error);
    this.#owner.onEnd();
    if (!wasFetching) return;
    this.#settled.reject(error);
    if (error.code !== 'SWARM_STOPPED') void this.stop();
  }

  #measure(now: number): void {
    const seconds = (now - this.#ticked.at) / 1000;
    if (this.#ticked.at > 0 && seconds > 0) {
      const latest = (this.#verified - this.#ticked.bytes) / seconds;
      this.#rate = this.#rate === 0 ? latest : this.#rate * 0.7 + latest * 0.3;
    }
    this.#ticked = { at: now, bytes: this.#verified };
  }

  #tryWebSeeds(fetching: Fetching, now: number): void {
    const best = this.#webSeeds.toSorted((a, b) => a.failures - b.failures)[0];
    if (best === undefined || best.isBusy || now < this.#webSeedNotBefore) return;
    const help = {
      idleFor: now - fetching.peerBlockAt,
      peers: this.#torrent?.memberCount ?? 0,
      usefulPeers: fetching.usefulPeers,
      peersOutside: fetching.peersOutside,
      isSearchOver: (this.#search?.isOver ?? true) && this.#announcer.isTried,
      isUrgent: this.#waits.waitedSince(now - webSeedAfter).length > 0,
    };
    if (!isWebSeedTurn(help, this.#chance)) return;
    void best.fetch().then((hasTried) => {
      // Nothing to fetch now, as all is on its way; the next tick looks again.
      if (!hasTried) return;
      const pause =
        best.failures === 0 ? 0 : Math.min(longestWebSeedPause, 1_000 * 2 ** best.failures);
      this.#webSeedNotBefore = this.#env.clock.now() + pause;
      // While the swarm gives nothing, one run follows another.
      if (pause === 0 && this.#state === 'fetching')
        this.#tryWebSeeds(fetching, this.#env.clock.now());
    });
  }
}

function stopped(): SwarmError {
  return new SwarmError('SWARM_STOPPED', 'the download was stopped');
}

function diskError(error: unknown): SwarmError {
  return new SwarmError('SWARM_DISK', `the disk refuses: ${String(error)}`, { cause: error });
}
