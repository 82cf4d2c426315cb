import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import type { InfoHash, PeerAddress, PeerId } from '../torrent/ids.ts';
import type { IpRange } from '../torrent/ip-range.ts';
import type { Zone } from '../torrent/zone.ts';
import type { AdmissionLimits } from './admission.ts';
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';
import type { Seed } from './swarm-types.ts';
import type { TrackerClient } from './tracker-client.ts';
import type { RangeClient } from './web-seed-client.ts';

/** What a swarm is given of the world, and how it is to behave. */
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
