import { blockAt, pieceSize, type Block, type Geometry } from '../../src/torrent/geometry.ts';

/** The blocks of a blob as numbers: many are on their way. */
export class Blocks {
  readonly #geometry: Geometry;
  readonly #length: number;
  readonly #perPiece: number;

  constructor(geometry: Geometry, blockLength: number) {
    this.#geometry = geometry;
    this.#length = blockLength;
    this.#perPiece = Math.ceil(geometry.pieceLength / blockLength);
  }

  numberOf({ piece, begin }: Block): number {
    return piece * this.#perPiece + begin / this.#length;
  }

  block(number: number): Block {
    const piece = Math.floor(number / this.#perPiece);
    const size = pieceSize(this.#geometry, piece);
    return blockAt(piece, size, number % this.#perPiece, this.#length);
  }

  bytes(number: number): number {
    return this.block(number).length;
  }

  /** True for the last block of its piece. */
  isLast({ piece, begin, length }: Block): boolean {
    return begin + length === pieceSize(this.#geometry, piece);
  }
}
