import type { MaybePromise } from '../base/maybe-promise.ts';
import type { CompactRows } from '../torrent/compact-peers.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { Zone } from '../torrent/zone.ts';

/** A swarm's figures. */
export interface SwarmFigures {
  readonly complete: number;
  readonly incomplete: number;
  /** How many peers became complete since the swarm was last empty. */
  readonly downloaded: number;
}

/** One announce, as the table needs it. */
export interface TableAnnounce {
  /** Where the peer is; with port 0 it accepts no connections, and is given peers but never listed. */
  readonly address: PeerAddress;
  readonly zone: Zone | undefined;
  readonly isComplete: boolean;
  /** Bytes that it lacks. */
  readonly left: number;
  /** How many peers are wanted; undefined leaves it to the table. */
  readonly want: number | undefined;
  /** Milliseconds until the peer is forgotten unless it announces again. */
  readonly lifetime: number;
  /** The registry's own seeder. It is introduced to about `most` peers at a time, some of each zone, and never to a seed. */
  readonly origin?: { readonly address: PeerAddress; readonly most: number } | undefined;
}

/** What an announce is answered with. The origin is among the peers, but not counted. */
export interface Introduction extends SwarmFigures {
  readonly peers: readonly PeerAddress[];
  /** The same in their compact form, where it is at hand. */
  readonly rows?: CompactRows;
}

/**
 * Who is in which swarm. A peer is known by its address, which is seen from its connection: so nobody can change the
 * entry of another host. Every implementation passes the suite in `peer-table-suite.ts`. One that has the answer at hand
 * gives it at once.
 */
export interface PeerTable {
  /** Lists the peer, or refreshes it, and gives it peers as `torrent/handout.ts` has it. A full table gives peers, but lists no new one. */
  announce(infoHash: InfoHash, announce: TableAnnounce): MaybePromise<Introduction>;
  /** Forgets the peer. */
  remove(infoHash: InfoHash, address: PeerAddress): MaybePromise<void>;
  figures(infoHash: InfoHash): MaybePromise<SwarmFigures>;
  close(): Promise<void>;
}
