import {
  blockAt,
  blockCount,
  blockLength,
  pieceSize,
  type Block,
  type Geometry,
} from './geometry.ts';
import type { Having, PiecePicker } from './piece-picker.ts';

const missing = 0;
const asked = 1;
const received = 2;

/** A piece that is being fetched. */
interface BegunPiece<Source> {
  readonly piece: number;
  readonly size: number;
  readonly blocks: Uint8Array;
  missing: number;
  received: number;
  /** Who is asked for it now: one, or two when the first is slow at the end. */
  readonly sources: Set<Source>;
  /** Who sent blocks of it. */
  readonly contributors: Set<Source>;
  readonly begunAt: number;
}

/** What a block that came means. */
export type Arrival<Source> =
  | { readonly kind: 'unasked' }
  | { readonly kind: 'late' }
  | {
      readonly kind: 'wanted';
      /** True when it was the last block of its piece: verify it, then tell `verified` or `failed`. */
      readonly complete: boolean;
      /** Others who were asked for the same block: tell them that it is not wanted any more. */
      readonly cancel: readonly Source[];
    };

const noCancels: readonly never[] = [];

/** A second source is asked for a piece that takes this many times the usual time, and at least this long. */
const slowFactor = 4;
const slowAtLeast = 500;

/**
 * Which block is asked of whom. A source is given whole pieces of its own, so that a piece that turns out wrong has one
 * culprit: first what is left of its own piece, then a piece that another left half done, then a new one from the
 * picker. When none is left to begin, pieces that are slow to come are asked of a second source too (endgame).
 */
export class Requests<Source extends object> {
  readonly #geometry: Geometry;
  readonly #picker: PiecePicker;
  readonly #begun = new Map<number, BegunPiece<Source>>();
  readonly #asked = new Map<Source, Set<number>>();
  /** Blocks taken back from a source that may send them all the same. */
  readonly #takenBack = new Map<Source, Set<number>>();
  /** Pieces that failed with several contributors: from now on from a single source. */
  readonly #single = new Set<number>();
  readonly #blocksPerPiece: number;
  #usualTime: number | undefined;

  constructor(geometry: Geometry, picker: PiecePicker) {
    this.#geometry = geometry;
    this.#picker = picker;
    this.#blocksPerPiece = blockCount(geometry.pieceLength);
  }

  /** How many blocks this source still owes. */
  outstanding(source: Source): number {
    return this.#asked.get(source)?.size ?? 0;
  }

  /** The next block to ask of `source`, recorded as asked; undefined when there is none. `now` in milliseconds. */
  next(source: Source, has: Having, now: number): Block | undefined {
    const begun =
      this.#own(source) ??
      this.#leftBehind(source, has) ??
      this.#begin(has, now) ??
      this.#slow(source, has, now);
    if (begun === undefined) return undefined;
    begun.sources.add(source);
    const index =
      begun.missing > 0 ? begun.blocks.indexOf(missing) : this.#duplicate(source, begun);
    if (begun.missing > 0) begun.missing--;
    begun.blocks[index] = asked;
    this.#askedOf(source).add(this.#key(begun.piece, index));
    return blockAt(begun.piece, begun.size, index);
  }

  /**
   * Asks a source that has everything (a web seed) for up to `most` whole pieces in a row: open ones or ones left
   * behind; when there are none, for one that another source is slow with. They are settled like all others.
   */
  askRun(source: Source, most: number, now: number): readonly number[] {
    for (const begun of this.#begun.values()) {
      if (begun.missing > 0 && begun.sources.size === 0) {
        this.#begun.delete(begun.piece);
        this.#picker.reopen(begun.piece);
      }
    }
    const open = this.#picker.pickRun(most).map((piece) => this.#beginPiece(piece, now));
    const slow = [...this.#begun.values()].filter(
      (begun) => begun.received < begun.blocks.length && !begun.sources.has(source),
    );
    const run = open.length > 0 ? open : slow.slice(0, 1);
    for (const begun of run) {
      begun.sources.add(source);
      begun.missing = 0;
      for (const [index, state] of begun.blocks.entries()) {
        if (state === received) continue;
        begun.blocks[index] = asked;
        this.#askedOf(source).add(this.#key(begun.piece, index));
      }
    }
    return run.map((begun) => begun.piece);
  }

  /** A block came from `source`. */
  arrived(
    source: Source,
    piece: number,
    begin: number,
    length: number,
    now: number,
  ): Arrival<Source> {
    const index = begin / blockLength;
    const key = this.#key(piece, index);
    const keys = this.#asked.get(source);
    if (keys?.has(key) !== true) {
      return { kind: this.#takenBack.get(source)?.delete(key) === true ? 'late' : 'unasked' };
    }
    const begun = this.#begun.get(piece);
    if (begun === undefined || length !== blockAt(piece, begun.size, index).length)
      return { kind: 'unasked' };
    keys.delete(key);
    begun.blocks[index] = received;
    begun.received++;
    begun.contributors.add(source);
    const complete = begun.received === begun.blocks.length;
    if (complete) {
      const took = now - begun.begunAt;
      this.#usualTime = this.#usualTime === undefined ? took : this.#usualTime * 0.8 + took * 0.2;
    }
    return { kind: 'wanted', complete, cancel: this.#takeBackFromOthers(source, begun, key) };
  }

  /** `source` will not send this block (BEP 6 reject). False when it was not asked for. */
  rejected(source: Source, block: Block): boolean {
    const index = block.begin / blockLength;
    const key = this.#key(block.piece, index);
    if (!(this.#asked.get(source)?.delete(key) ?? false)) {
      return this.#takenBack.get(source)?.delete(key) ?? false;
    }
    this.#unask(block.piece, index);
    return true;
  }

  /** Takes back all that `source` owes: it choked us, stalls, or is gone. */
  takeBack(source: Source): void {
    const keys = this.#asked.get(source);
    this.#asked.delete(source);
    for (const key of keys ?? []) {
      this.#takenBackFrom(source).add(key);
      this.#unask(Math.floor(key / this.#blocksPerPiece), key % this.#blocksPerPiece);
    }
    for (const begun of this.#begun.values()) begun.sources.delete(source);
  }

  /** `source` choked us but still answers what it was asked (BEP 6): others may go on with its pieces. */
  release(source: Source): void {
    for (const begun of this.#begun.values()) if (begun.missing > 0) begun.sources.delete(source);
  }

  /** As `takeBack`, for a source that will send nothing more. */
  forget(source: Source): void {
    this.takeBack(source);
    this.#takenBack.delete(source);
  }

  /** The piece is right. */
  verified(piece: number): void {
    this.#begun.delete(piece);
    this.#single.delete(piece);
    this.#picker.had(piece);
  }

  /** The piece is wrong: it is open again. Returns the one who alone sent it, if so. */
  failed(piece: number): Source | undefined {
    const contributors = [...(this.#begun.get(piece)?.contributors ?? [])];
    this.#begun.delete(piece);
    this.#picker.reopen(piece);
    if (contributors.length === 1) return contributors[0];
    this.#single.add(piece);
    return undefined;
  }

  #own(source: Source): BegunPiece<Source> | undefined {
    for (const begun of this.#begun.values()) {
      if (begun.missing > 0 && begun.sources.has(source)) return begun;
    }
    return undefined;
  }

  #leftBehind(source: Source, has: Having): BegunPiece<Source> | undefined {
    for (const begun of this.#begun.values()) {
      if (begun.missing === 0 || begun.sources.size > 0 || !has.has(begun.piece)) continue;
      if (!this.#single.has(begun.piece)) return begun;
      // A suspect piece must have one sender: what others sent of it does not count.
      if (begun.contributors.has(source) && begun.contributors.size === 1) return begun;
      this.#begun.delete(begun.piece);
      return this.#beginPiece(begun.piece, begun.begunAt);
    }
    return undefined;
  }

  #begin(has: Having, now: number): BegunPiece<Source> | undefined {
    const piece = this.#picker.pick(has);
    return piece === undefined ? undefined : this.#beginPiece(piece, now);
  }

  #slow(source: Source, has: Having, now: number): BegunPiece<Source> | undefined {
    if (this.#picker.openCount > 0) return undefined;
    const patience = Math.max(slowAtLeast, slowFactor * (this.#usualTime ?? 0));
    for (const begun of this.#begun.values()) {
      if (begun.received === begun.blocks.length || this.#single.has(begun.piece)) continue;
      if (begun.sources.has(source)) {
        if (begun.sources.size > 1 && this.#duplicate(source, begun) >= 0) return begun;
        continue;
      }
      const isSlow = now - begun.begunAt > patience || this.#picker.isUrgent(begun.piece);
      const isFree = this.outstanding(source) === 0 && begun.sources.size < 2;
      if (isSlow && isFree && has.has(begun.piece)) return begun;
    }
    return undefined;
  }

  /** The last block that others are asked for and this source is not (they come from the front); -1: none. */
  #duplicate(source: Source, begun: BegunPiece<Source>): number {
    const keys = this.#asked.get(source);
    for (let index = begun.blocks.length - 1; index >= 0; index--) {
      if (begun.blocks[index] === asked && keys?.has(this.#key(begun.piece, index)) !== true)
        return index;
    }
    return -1;
  }

  #beginPiece(piece: number, now: number): BegunPiece<Source> {
    const size = pieceSize(this.#geometry, piece);
    const count = blockCount(size);
    const begun: BegunPiece<Source> = {
      piece,
      size,
      blocks: new Uint8Array(count),
      missing: count,
      received: 0,
      sources: new Set(),
      contributors: new Set(),
      begunAt: now,
    };
    this.#begun.set(piece, begun);
    this.#picker.begin(piece);
    return begun;
  }

  #takeBackFromOthers(source: Source, begun: BegunPiece<Source>, key: number): readonly Source[] {
    if (begun.sources.size < 2) return noCancels;
    const others = [...begun.sources].filter(
      (other) => other !== source && this.#asked.get(other)?.delete(key) === true,
    );
    for (const other of others) this.#takenBackFrom(other).add(key);
    return others;
  }

  /** The block is missing again, unless it came or another source is asked for it too. */
  #unask(piece: number, index: number): void {
    const begun = this.#begun.get(piece);
    if (begun === undefined || begun.blocks[index] !== asked) return;
    const key = this.#key(piece, index);
    for (const other of begun.sources) if (this.#asked.get(other)?.has(key) === true) return;
    begun.blocks[index] = missing;
    begun.missing++;
  }

  #key(piece: number, index: number): number {
    return piece * this.#blocksPerPiece + index;
  }

  #askedOf(source: Source): Set<number> {
    return getOrCreate(this.#asked, source);
  }

  #takenBackFrom(source: Source): Set<number> {
    return getOrCreate(this.#takenBack, source);
  }
}

function getOrCreate<Key>(sets: Map<Key, Set<number>>, key: Key): Set<number> {
  const found = sets.get(key);
  if (found !== undefined) return found;
  const created = new Set<number>();
  sets.set(key, created);
  return created;
}
