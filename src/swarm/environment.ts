import type { BufferPool } from '../base/buffer-pool.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import type { Appetite } from '../torrent/appetite.ts';
import type { PeerId } from '../torrent/ids.ts';
import type { TurnTimes } from '../torrent/turn-times.ts';
import type { Zone } from '../torrent/zone.ts';
import type { BanList } from './ban-list.ts';
import type { Dialer } from './dialer.ts';
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';
import type { SlotKeeper } from './slot-keeper.ts';
import type { Teller } from './teller.ts';
import type { TrackerBook } from './tracker-book.ts';
import type { RangeClient } from './web-seed-client.ts';

/** Bytes of pieces since the start, over all torrents. */
export interface Counters {
  sent: number;
  received: number;
  fromWebSeeds: number;
}

/** What all torrents of a process share: the world as it was handed in, and what they compete for. */
export interface Environment {
  readonly id: PeerId;
  /** Where peers are accepted. */
  readonly port: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly network: Network;
  readonly dialer: Dialer;
  readonly upload: RateLimiter;
  readonly download: RateLimiter;
  readonly trackers: TrackerBook;
  readonly webSeeds: RangeClient;
  readonly disk: Disk;
  /** Buffers for what is being sent, and for pieces on their way here. */
  readonly messages: BufferPool;
  readonly pieces: BufferPool;
  readonly bans: BanList;
  /** Whom this host serves, and of how many it draws. */
  readonly slots: SlotKeeper;
  readonly appetite: Appetite;
  /** What turns usually take: of those who are served, and of those who serve us. */
  readonly takings: TurnTimes;
  readonly givings: TurnTimes;
  readonly teller: Teller;
  readonly counters: Counters;
  /** Show a blob piece by piece while the swarm has no whole copy (an origin's way). */
  readonly isOrigin: boolean;
  /** Where this host stands; undefined: nobody said. */
  readonly zone: Zone | undefined;
}
