import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';

/** A whole, verified blob on this machine's disk. */
export interface Seed {
  readonly metainfo: Metainfo;
  readonly path: string;
}

/** What is needed to fetch a blob from its swarm. */
export interface DownloadOptions {
  /** The file the pieces are written to. One that already exists is verified, and only what is missing is fetched. */
  readonly path: string;
  /** Default: the metainfo's own. */
  readonly trackers?: TrackerTiers;
  /** URLs that answer ranges of the blob (BEP 19), used when the swarm does not help; default: the metainfo's own. */
  readonly webSeeds?: readonly string[];
  /** Headers for the web seeds, such as Authorization. */
  readonly webSeedHeaders?: Readonly<Record<string, string>>;
  /** Peers known already. */
  readonly peers?: readonly PeerAddress[];
}

/** A download's figures at one moment. */
export interface DownloadProgress {
  readonly length: number;
  /** Bytes of verified pieces. */
  readonly verified: number;
  readonly pieceCount: number;
  readonly piecesVerified: number;
  /** Bytes that were on disk already when the download began. */
  readonly resumed: number;
  /** Connected peers. */
  readonly peers: number;
  readonly bytesFromPeers: number;
  readonly bytesFromWebSeeds: number;
  /** Bytes a second, smoothed. */
  readonly rate: number;
}

/** One blob being fetched, and seeded as far as it is verified; afterwards seeded whole. */
export interface Download {
  readonly metainfo: Metainfo;
  progress(): DownloadProgress;
  /**
   * Bytes from `offset`, at least 1 and at most `most`, as soon as the piece that holds them is verified. A piece that
   * a reader waits for long becomes urgent. Rejects when the download fails or is stopped, or by the signal. The bytes
   * stand in `into` when that is given, of `most` bytes at least.
   */
  read(offset: number, most: number, signal?: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
  /** Resolves when every piece is verified and on disk; rejects with a SwarmError when the download fails or is stopped. */
  readonly done: Promise<void>;
  /** Leaves the swarm. What is on disk stays there for the next download to the same path. */
  stop(): Promise<void>;
}

/** Totals over all torrents, in bytes of pieces. */
export interface SwarmTotals {
  readonly sent: number;
  readonly received: number;
  readonly fromWebSeeds: number;
  readonly peers: number;
  readonly torrents: number;
}

/** All the torrents of one process, on one port. */
export interface Swarm extends AsyncDisposable {
  /** The port on which peers are accepted. */
  readonly port: number;
  /** Begins to fetch a blob, or returns the download of it that is under way. */
  download(metainfo: Metainfo, options: DownloadOptions): Download;
  /** The download of `infoHash` that is under way. */
  find(infoHash: InfoHash): Download | undefined;
  /**
   * From now on announces `infoHash` as a seed to `trackers`, until `withdraw`. The bytes come from `SwarmOptions.seed`,
   * which is asked when a peer comes.
   */
  announceSeed(infoHash: InfoHash, trackers: TrackerTiers): void;
  withdraw(infoHash: InfoHash): void;
  /** Dials a few of these peers, which lack a blob that this host seeds, unless they are connected already. */
  greet(infoHash: InfoHash, peers: readonly PeerAddress[]): void;
  totals(): SwarmTotals;
  /** Leaves all swarms (telling the trackers, for a second at most) and closes the port. */
  close(): Promise<void>;
}
