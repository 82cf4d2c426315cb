import { pieceSize } from '../../../src/torrent/geometry.ts';
import type { Metainfo } from '../../../src/torrent/metainfo.ts';

/** A blob's file on a machine's disk: it outlives the programs that write it. */
export class SimFile {
  readonly metainfo: Metainfo;
  readonly bytes: Buffer;
  /** The pieces whose bytes here are right. */
  readonly right: Set<number>;
  /** Pieces that something was written to, and those of them that a loss of power cannot take any more. */
  readonly touched: Set<number>;
  #durable: Set<number>;

  /** An empty file, or a whole one that holds `bytes`. */
  constructor(metainfo: Metainfo, bytes?: Buffer) {
    this.metainfo = metainfo;
    this.bytes = bytes === undefined ? Buffer.alloc(metainfo.length) : Buffer.from(bytes);
    const pieces =
      bytes === undefined ? [] : Array.from({ length: metainfo.pieceCount }, (_, piece) => piece);
    this.right = new Set(pieces);
    this.touched = new Set(pieces);
    this.#durable = new Set(pieces);
  }

  get isWhole(): boolean {
    return this.right.size === this.metainfo.pieceCount;
  }

  slice(piece: number, begin = 0, length = pieceSize(this.metainfo, piece) - begin): Buffer {
    const start = piece * this.metainfo.pieceLength + begin;
    return this.bytes.subarray(start, start + length);
  }

  /** Writes (the beginning of) a piece; `truth` is what the blob should be. */
  put(piece: number, bytes: Uint8Array, truth: Buffer): void {
    const start = piece * this.metainfo.pieceLength;
    this.bytes.set(bytes, start);
    this.touched.add(piece);
    const now = this.slice(piece);
    if (now.equals(truth.subarray(start, start + now.length))) this.right.add(piece);
    else this.right.delete(piece);
  }

  sync(): void {
    this.#durable = new Set(this.touched);
  }

  /** The power fails: of the pieces that were not synced, `loses` says which are lost. */
  losePower(loses: () => boolean): void {
    for (const piece of this.touched) {
      if (this.#durable.has(piece) || !loses()) continue;
      this.slice(piece).fill(0);
      this.right.delete(piece);
    }
  }
}
