import type { InfoHash, PeerAddress } from '../torrent/ids.ts';

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
  readonly isComplete: boolean;
  /** How many peers are wanted; undefined leaves it to the table. */
  readonly want: number | undefined;
  /** Milliseconds until the peer is forgotten unless it announces again. */
  readonly lifetime: number;
  /** The registry's own seeder. It is introduced to at most `most` peers at a time, and never to a seed. */
  readonly origin?: { readonly address: PeerAddress; readonly most: number } | undefined;
}

/** What an announce is answered with. The origin is among the peers, but not counted. */
export interface Introduction extends SwarmFigures {
  readonly peers: readonly PeerAddress[];
}

/**
 * Who is in which swarm. A peer is known by its address, which is seen from its connection: so nobody can change the
 * entry of another host. Every implementation passes the suite in `peer-table-suite.ts`.
 */
export interface PeerTable {
  /** Lists the peer, or refreshes it, and gives it peers as `chooseHandout` has it. A full table gives peers, but lists no new one. */
  announce(infoHash: InfoHash, announce: TableAnnounce): Promise<Introduction>;
  /** Forgets the peer. */
  remove(infoHash: InfoHash, address: PeerAddress): Promise<void>;
  figures(infoHash: InfoHash): Promise<SwarmFigures>;
  close(): Promise<void>;
}
