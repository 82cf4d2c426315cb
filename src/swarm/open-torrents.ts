import { messageOf } from '../base/errors.ts';
import { Bitfield } from '../torrent/bitfield.ts';
import type { InfoHash } from '../torrent/ids.ts';
import type { Environment } from './environment.ts';
import type { Seed } from './swarm-types.ts';
import { Torrent } from './torrent.ts';

/** What the open torrents need of their swarm. */
export interface TorrentsOwner {
  /** A whole blob of this host. */
  seed(infoHash: InfoHash): Promise<Seed | undefined>;
  /** The torrent of a download, as soon as its file is open; undefined when there is no such download. */
  downloading(infoHash: InfoHash): Promise<Torrent> | undefined;
  /** The bytes on the disk are not those of the blob any more. */
  damaged(torrent: Torrent, piece: number, why: string): void;
}

/** A torrent without peers is closed after this many milliseconds. */
const idleTorrentAfter = 60_000;
/** Of torrents without peers so many stay open at most: each has a file open. */
const mostIdleTorrents = 64;
/** A blob that was found damaged is passed over for so long, in milliseconds. */
const damagedFor = 60_000;

/** The torrents that are in memory, each with its file open: those of downloads, and of whole blobs that peers want. */
export class OpenTorrents {
  readonly #env: Environment;
  readonly #owner: TorrentsOwner;
  readonly #torrents = new Map<InfoHash, Torrent>();
  readonly #opening = new Map<InfoHash, Promise<Torrent | undefined>>();
  readonly #closing = new Set<Promise<void>>();
  /** Until when blobs that were found damaged are passed over. */
  readonly #damagedUntil = new Map<InfoHash, number>();
  #isClosed = false;

  constructor(env: Environment, owner: TorrentsOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  get size(): number {
    return this.#torrents.size;
  }

  /** Connections of all of them. */
  get peers(): number {
    let peers = 0;
    for (const torrent of this.#torrents.values()) peers += torrent.memberCount;
    return peers;
  }

  get(infoHash: InfoHash): Torrent | undefined {
    return this.#torrents.get(infoHash);
  }

  /** A torrent, opened if this host has its blob; undefined when it has not. */
  async find(infoHash: InfoHash): Promise<Torrent | undefined> {
    const open = this.#torrents.get(infoHash);
    if (open?.isClosed === false) return open;
    const downloading = this.#owner.downloading(infoHash);
    if (downloading !== undefined) return downloading.catch(() => undefined);
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

  /** Takes in an open torrent, in the place of another of the same blob. */
  add(torrent: Torrent): void {
    const { infoHash } = torrent.metainfo;
    this.leave(infoHash);
    this.#torrents.set(infoHash, torrent);
    torrent.onDamage = (piece, why) => this.#owner.damaged(torrent, piece, why);
  }

  /** Closes a torrent, if it is open. */
  leave(infoHash: InfoHash): void {
    const torrent = this.#torrents.get(infoHash);
    if (torrent === undefined) return;
    this.#torrents.delete(infoHash);
    const closing = torrent.close().catch((error: unknown) => {
      this.#env.log.warn({ infoHash, error: messageOf(error) }, 'a torrent was not closed well');
    });
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  /** For a while the blob is not opened: it is damaged. */
  passOver(infoHash: InfoHash): void {
    this.#damagedUntil.set(infoHash, this.#env.clock.now() + damagedFor);
  }

  /** The blob is right again. */
  trust(infoHash: InfoHash): void {
    this.#damagedUntil.delete(infoHash);
  }

  tick(now: number): void {
    for (const [infoHash, torrent] of this.#torrents) {
      torrent.tick(now);
      if (torrent.isClosed) this.#torrents.delete(infoHash);
    }
    this.#leaveIdle(now);
  }

  /** Closes those that are open, and opens no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#torrents.values()].map((torrent) => torrent.close()));
  }

  /** Resolves when what was being opened or closed is closed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#opening.values(), ...this.#closing]);
  }

  async #open(infoHash: InfoHash): Promise<Torrent | undefined> {
    const seed = await this.#owner.seed(infoHash);
    if (seed === undefined || this.#isClosed) return undefined;
    const { metainfo, path } = seed;
    const store = await this.#env.disk.openWhole(path, metainfo);
    const torrent = new Torrent(metainfo, store, Bitfield.full(metainfo.pieceCount), this.#env);
    // Meanwhile it may have been closed, or a download of the same blob have begun.
    if (this.#isClosed || this.#owner.downloading(infoHash) !== undefined) {
      await torrent.close();
      return await this.#owner.downloading(infoHash)?.catch(() => undefined);
    }
    this.add(torrent);
    return torrent;
  }

  #leaveIdle(now: number): void {
    const idle = [...this.#torrents]
      .filter(([infoHash]) => this.#owner.downloading(infoHash) === undefined)
      .map(([infoHash, torrent]) => ({ infoHash, idleFor: torrent.idleFor(now) }))
      .filter(({ idleFor }) => idleFor > 0)
      .sort((a, b) => a.idleFor - b.idleFor);
    for (const [place, { infoHash, idleFor }] of idle.entries()) {
      if (place >= mostIdleTorrents || idleFor > idleTorrentAfter) this.leave(infoHash);
    }
  }
}
