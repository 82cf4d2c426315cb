import type { Bitfield } from '../torrent/bitfield.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

/** The pieces of one blob where they are kept. */
export interface PieceStore {
  /** Writes a verified piece; afterwards it can be read, and `bytes` may change. Throws what the system says. */
  write(piece: number, bytes: Uint8Array): Promise<void>;
  /** Fills `parts`, one after another, with a written piece's bytes from `begin` on. Throws when they are not there. */
  read(piece: number, begin: number, parts: readonly Uint8Array[]): Promise<void>;
  /** Puts all that was written on the disk itself. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The disk, handed in: files in the product, memory in a simulation. */
export interface Disk {
  /** Opens a whole blob for reading. Throws what the system says. */
  openWhole(path: string, metainfo: Metainfo): Promise<PieceStore>;
  /**
   * Opens or makes the place of a blob that is being fetched, and finds which pieces stand in it already. Throws what the
   * system says, or the signal's reason.
   */
  openPartial(
    path: string,
    metainfo: Metainfo,
    signal: AbortSignal,
  ): Promise<{ readonly store: PieceStore; readonly had: Bitfield }>;
}
