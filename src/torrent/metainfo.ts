import type { InfoHash } from './ids.ts';

/** What a `.torrent` says of one blob: a single-file BEP 3 torrent, with SHA-256 piece hashes beside `info`. */
export interface Metainfo {
  readonly infoHash: InfoHash;
  /** `info.name`: the blob's digest with `-` for `:`. Never used as a path. */
  readonly name: string;
  /** Bytes of the blob; at least 1. */
  readonly length: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** `info.pieces`: 20 bytes a piece. */
  readonly sha1: Uint8Array;
  /** 32 bytes a piece, when the file carries them: Docket peers verify by these. */
  readonly sha256: Uint8Array | undefined;
  /** Tracker URLs, `announce` and `announce-list` flattened. */
  readonly trackers: readonly string[];
  /** `url-list` (BEP 19). */
  readonly webSeeds: readonly string[];
  /** The bytes of the info dictionary as they stood in the file; never encoded again. */
  readonly info: Uint8Array;
}
