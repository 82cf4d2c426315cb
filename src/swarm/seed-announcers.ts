import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';
import { Announcer, type Announced } from './announcer.ts';
import type { Torrent } from './torrent.ts';
import type { TrackerBook } from './tracker-book.ts';

/** What the announcers of seeds need of their swarm. */
export interface SeedAnnouncersOwner {
  /** The torrent of a seed, if it is open. */
  torrent(infoHash: InfoHash): Torrent | undefined;
  /** These may lack something. */
  greet(infoHash: InfoHash, peers: readonly PeerAddress[]): void;
}

/** A seed with fewer connections asks trackers for so many peers that lack something. */
const lonely = 4;
const peersOfLonelySeed = 8;

/** Tells trackers of the whole blobs of this host. */
export class SeedAnnouncers {
  readonly #trackers: TrackerBook;
  /** All seeds speak to their trackers through this one. */
  readonly #announced: Announced;
  readonly #announcers = new Map<InfoHash, Announcer>();
  /** Seeds that say good-bye to their trackers. */
  readonly #leaving = new Map<InfoHash, Promise<void>>();

  constructor(trackers: TrackerBook, owner: SeedAnnouncersOwner) {
    this.#trackers = trackers;
    this.#announced = {
      figures: (infoHash) => {
        const torrent = owner.torrent(infoHash);
        const connections = torrent?.memberCount ?? 0;
        return {
          left: 0,
          uploaded: torrent?.sent ?? 0,
          downloaded: 0,
          connections,
          wanted: connections < lonely ? peersOfLonelySeed : 0,
        };
      },
      found: (infoHash, peers, incomplete) => owner.greet(infoHash, peers.slice(0, incomplete)),
    };
  }

  has(infoHash: InfoHash): boolean {
    return this.#announcers.has(infoHash);
  }

  /** Begins to announce a seed. */
  start(infoHash: InfoHash, trackers: TrackerTiers): void {
    const announcer = new Announcer(infoHash, trackers, this.#announced, this.#trackers);
    this.#announcers.set(infoHash, announcer);
    announcer.start();
  }

  /** Goes on with the announcer of a download that has become a seed. */
  take(infoHash: InfoHash, announcer: Announcer): void {
    announcer.handOver(this.#announced);
    this.#announcers.set(infoHash, announcer);
  }

  /** Tells the trackers that it is a seed no longer. */
  withdraw(infoHash: InfoHash): void {
    const leaving = this.#announcers.get(infoHash)?.stop();
    this.#announcers.delete(infoHash);
    if (leaving === undefined) return;
    this.#leaving.set(infoHash, leaving);
    void leaving.then(() => this.#leaving.delete(infoHash));
  }

  /** The good-bye of a seed that is under way. */
  leaving(infoHash: InfoHash): Promise<void> | undefined {
    return this.#leaving.get(infoHash);
  }

  /** Says good-bye for all of them. */
  async close(): Promise<void> {
    const stopped = [...this.#announcers.values()].map((announcer) => announcer.stop());
    await Promise.all([...stopped, ...this.#leaving.values()]);
  }
}
