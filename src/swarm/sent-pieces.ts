import { pieceSize, type Block, type Geometry } from '../torrent/geometry.ts';

/** Pieces that are remembered of one peer, and how many of them it may doubt when it goes. */
const mostPieces = 32;
const mostDoubted = 3;

/**
 * Which pieces were sent to a peer whole, without a word from it that they arrived. A peer that finds a piece wrong leaves us:
 * then it is worth a look whether the disk still has what it should.
 */
export class SentPieces {
  readonly #geometry: Geometry;
  /** Bytes of each that were sent; the latest pieces stand last. */
  readonly #sent = new Map<number, number>();

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
  }

  /** The block is on its way. */
  add({ piece, length }: Block): void {
    const sent = (this.#sent.get(piece) ?? 0) + length;
    if (sent > length) this.#sent.delete(piece);
    this.#sent.set(piece, sent);
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= mostPieces) break;
      this.#sent.delete(oldest);
    }
  }

  /** The peer has the piece. */
  had(pieces: readonly number[]): void {
    if (this.#sent.size > 0) for (const piece of pieces) this.#sent.delete(piece);
  }

  /** The latest that were sent whole. */
  get doubtful(): readonly number[] {
    const whole = [...this.#sent].filter(
      ([piece, bytes]) => bytes >= pieceSize(this.#geometry, piece),
    );
    return whole.slice(-mostDoubted).map(([piece]) => piece);
  }
}
