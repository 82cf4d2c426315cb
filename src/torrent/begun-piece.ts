import { Few } from './few.ts';
import { blockAt, blockCount, pieceSize, type Block, type Geometry } from './geometry.ts';

const missing = 0;
const received = 255;

/** A piece that is being fetched: of each block whether it is missing, owed by so many sources, or has come. */
export class BegunPiece<Source extends object> {
  readonly piece: number;
  readonly begunAt: number;
  /** Who goes on with it: one, or two when the first is slow. Others may still owe blocks of it. */
  readonly sources = new Few<Source>();
  /** Who sent blocks of it. */
  readonly contributors = new Few<Source>();
  readonly #size: number;
  readonly #blockLength: number;
  /** How many sources owe each block, or `received`. */
  readonly #blocks: Uint8Array;
  #missing: number;
  #received = 0;

  constructor(geometry: Geometry, piece: number, now: number, blockLength: number) {
    this.piece = piece;
    this.begunAt = now;
    this.#size = pieceSize(geometry, piece);
    this.#blockLength = blockLength;
    this.#blocks = new Uint8Array(blockCount(this.#size, blockLength));
    this.#missing = this.#blocks.length;
  }

  get blockCount(): number {
    return this.#blocks.length;
  }

  /** True when nobody owes some of its blocks. */
  get isMissingBlocks(): boolean {
    return this.#missing > 0;
  }

  get isComplete(): boolean {
    return this.#received === this.#blocks.length;
  }

  get isHalfComplete(): boolean {
    return this.#received * 2 >= this.#blocks.length;
  }

  /** True when nothing came, nothing is to come, and nobody goes on with it. */
  get isUnused(): boolean {
    return this.sources.size === 0 && this.#missing === this.#blocks.length;
  }

  isReceived(index: number): boolean {
    return this.#blocks[index] === received;
  }

  block(index: number): Block {
    return blockAt(this.piece, this.#size, index, this.#blockLength);
  }

  /** The first block that is missing, or -1. */
  firstMissing(): number {
    return this.#missing > 0 ? this.#blocks.indexOf(missing) : -1;
  }

  /** The last block that has not come and is not `owed` by the asker, or -1: the others send from the front. */
  lastToShare(owed: (index: number) => boolean): number {
    return this.#blocks.findLastIndex((state, index) => state !== received && !owed(index));
  }

  /** One source more owes the block. */
  ask(index: number): void {
    const owing = this.#blocks[index] ?? missing;
    if (owing === missing) this.#missing--;
    this.#blocks[index] = owing + 1;
  }

  /** One source less owes the block. */
  unask(index: number): void {
    const owing = (this.#blocks[index] ?? 1) - 1;
    this.#blocks[index] = owing;
    if (owing === missing) this.#missing++;
  }

  /** `source` sent the block. Returns how many sources owed it, itself included if it did. */
  receive(source: Source, index: number): number {
    const owing = this.#blocks[index] ?? missing;
    if (owing === missing) this.#missing--;
    this.#blocks[index] = received;
    this.#received++;
    this.contributors.add(source);
    return owing;
  }
}
