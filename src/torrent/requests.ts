import { BegunPiece } from './begun-piece.ts';
import type { Bitfield } from './bitfield.ts';
import {
  blockAt,
  blockCount,
  blockLength as usualBlockLength,
  pieceSize,
  type Block,
  type Geometry,
} from './geometry.ts';
import { OwedBlocks } from './owed-blocks.ts';
import type { PiecePicker } from './piece-picker.ts';

/** What a block that came means. */
export type Arrival<Source> =
  | { readonly kind: 'unasked' }
  | { readonly kind: 'late' }
  | {
      readonly kind: 'wanted';
      /** True when it was the last block of its piece: verify it, then tell `verified` or `failed`. */
      readonly complete: boolean;
      /** Others who owed the same block: tell them that it is not wanted any more. */
      readonly cancel: readonly Source[];
    };

const noCancels: readonly never[] = [];

/** A second source is asked for a piece that takes this many times the usual time, and at least this long. */
const slowFactor = 4;
const slowAtLeast = 500;
/** A suspect piece, which has one source only, is given to another after so long, and after twice as long each time. */
const suspectPatience = 5_000;
const mostDoublings = 6;
const mostSources = 6;
/** Pieces that may be on their way however little room there is. */
const leastBegun = 2;

/** What requests depend on besides the picker. */
export interface RequestsOptions<Source> {
  /** False while another piece would be too much to hold; two may always be on their way. */
  readonly mayBegin?: () => boolean;
  /** Hears of each block that a source owes and that is not wanted of it any more: the source must be told. */
  readonly cancel?: (source: Source, block: Block) => void;
  /** The bytes of a block. */
  readonly blockLength?: number;
  /** False when no piece is left to begin, whoever may have it. */
  readonly isAnyLeft?: () => boolean;
}

/**
 * Which block is asked of whom. A source is given whole pieces of its own, so that a piece that turns out wrong has one
 * culprit: first what is left of its own piece, then a piece that another left half done, then a new one from the
 * picker. Pieces that a reader waits for, and when none is left to begin those that are slow to come, are asked of a
 * second source too. A block that has come is owed by nobody.
 */
export class Requests<Source extends object> {
  readonly #geometry: Geometry;
  readonly #picker: PiecePicker;
  readonly #begun = new Map<number, BegunPiece<Source>>();
  readonly #owed = new OwedBlocks<Source>();
  /** Pieces that failed with several contributors: from now on from a single source. How often each was taken from one. */
  readonly #single = new Map<number, number>();
  readonly #blocksPerPiece: number;
  readonly #blockLength: number;
  readonly #mayBegin: () => boolean;
  readonly #isAnyLeft: () => boolean;
  readonly #cancel: (source: Source, block: Block) => void;
  #usualTime: number | undefined;
  /** Somebody has sent something of use. */
  #isAnyProven = false;

  constructor(
    geometry: Geometry,
    picker: PiecePicker,
    {
      mayBegin = () => true,
      cancel = () => {},
      blockLength = usualBlockLength,
      isAnyLeft = () => picker.openCount > 0,
    }: RequestsOptions<Source> = {},
  ) {
    this.#cancel = cancel;
    this.#isAnyLeft = isAnyLeft;
    this.#mayBegin = () => this.#begun.size < leastBegun || mayBegin();
    this.#geometry = geometry;
    this.#picker = picker;
    this.#blockLength = blockLength;
    this.#blocksPerPiece = blockCount(geometry.pieceLength, blockLength);
  }

  /** How many blocks this source still owes. */
  outstanding(source: Source): number {
    return this.#owed.count(source);
  }

  /** True when the piece is on its way, or waits to be verified. */
  isBegun(piece: number): boolean {
    return this.#begun.has(piece);
  }

  /** True when somebody goes on with the piece, or it waits to be verified. */
  isComing(piece: number): boolean {
    const begun = this.#begun.get(piece);
    return begun !== undefined && (begun.sources.size > 0 || !begun.isMissingBlocks);
  }

  /** The next block to ask of `source`, recorded as owed; undefined when there is none. `now` in milliseconds. */
  next(source: Source, has: Bitfield, now: number): Block | undefined {
    const begun =
      this.#own(source) ??
      this.#urgent(source, has, now) ??
      this.#takeOver(has, now) ??
      this.#takeAway(source, has, now) ??
      this.#begin(has, now) ??
      this.#slow(source, has, now);
    if (begun === undefined) return undefined;
    begun.sources.add(source);
    const index = this.#blockFor(source, begun);
    this.#ask(source, begun, index);
    return begun.block(index);
  }

  /** True when `next` would give a block. */
  wants(source: Source, has: Bitfield, now: number): boolean {
    // Most of the time a new piece can be begun, which is known soonest.
    return (
      (this.#picker.isAnyOpen(has) && this.#mayBegin()) ||
      this.#own(source) !== undefined ||
      this.#urgent(source, has, now) !== undefined ||
      this.#leftBehind(has) !== undefined ||
      this.#hostage(source, has, now) !== undefined ||
      this.#slow(source, has, now) !== undefined
    );
  }

  /**
   * True for who has a piece that must have one sender: it may be needed at any moment, when that one lets us down, and
   * must be ready then, or the piece goes round for ever among the few who are.
   */
  mayNeed(has: Bitfield): boolean {
    for (const piece of this.#single.keys())
      if (has.has(piece) && this.#begun.get(piece)?.isComplete !== true) return true;
    return false;
  }

  /**
   * Asks a source that has everything (a web seed) for whole pieces in a row, at most `most`: one that a reader waits
   * for, else open ones, else one that nobody goes on with or another source is slow with. They are settled like all
   * others. `among`: only these pieces.
   */
  askRun(source: Source, most: number, now: number, among?: Bitfield): readonly number[] {
    const begun = [...this.#begun.values()].filter(
      ({ piece, isComplete, sources }) =>
        !isComplete && !sources.has(source) && among?.has(piece) !== false,
    );
    const urgent = begun.find(({ piece }) => this.#picker.isUrgent(piece));
    let run = urgent === undefined ? this.#beginRun(most, now, among) : [urgent];
    if (run.length === 0)
      run = begun.toSorted((a, b) => a.sources.size - b.sources.size).slice(0, 1);
    return run.map((piece) => {
      this.#askWhole(source, this.#single.has(piece.piece) ? this.#beginAgain(piece, now) : piece);
      return piece.piece;
    });
  }

  /** A block came from `source`. */
  arrived(source: Source, block: Block, now: number): Arrival<Source> {
    const index = this.#indexOf(block);
    if (index === undefined) return { kind: 'unasked' };
    const key = this.#key(block.piece, index);
    const state = this.#owed.sent(source, key);
    if (state === 'neither') return { kind: 'unasked' };
    const wasOwed = state === 'owed';
    const begun = this.#begun.get(block.piece);
    // What comes after all is as good, unless the piece must have one sender.
    const isOfUse = wasOwed || !this.#single.has(block.piece);
    if (begun === undefined || begun.isReceived(index) || !isOfUse) return { kind: 'late' };
    this.#owed.prove(source);
    this.#isAnyProven = true;
    const others = begun.receive(source, index) - (wasOwed ? 1 : 0);
    if (begun.isComplete) {
      const took = now - begun.begunAt;
      this.#usualTime = usualTime(this.#usualTime, took);
    }
    const cancel = others > 0 ? this.#owed.takeBackFromAll(key) : noCancels;
    return { kind: 'wanted', complete: begun.isComplete, cancel };
  }

  /** `source` will not send this block (BEP 6 reject). False when it did not owe it. */
  rejected(source: Source, block: Block): boolean {
    const index = this.#indexOf(block);
    if (index === undefined) return false;
    const key = this.#key(block.piece, index);
    if (this.#owed.refused(source, key) !== 'owed') return false;
    this.#unask(key);
    const begun = this.#begun.get(block.piece);
    // It would refuse the rest too: others may go on with the piece.
    begun?.sources.delete(source);
    if (begun?.isUnused === true) this.#reopen(begun);
    return true;
  }

  /** Takes back all that `source` owes, and returns it: it stalls, or choked us without BEP 6. */
  takeBack(source: Source): readonly Block[] {
    const keys = this.#owed.takeBack(source);
    for (const key of keys) this.#unask(key);
    this.release(source);
    return keys.map((key) => this.#blockOf(key));
  }

  /** `source` goes on with nothing, but still answers what it was asked (it choked us, with BEP 6). */
  release(source: Source): void {
    for (const begun of this.#begun.values()) begun.sources.delete(source);
  }

  /** As `takeBack`, for a source that will send nothing more. */
  forget(source: Source): void {
    this.takeBack(source);
    this.#owed.forget(source);
    // A piece of which nothing came need not be finished before others.
    for (const begun of this.#begun.values()) if (begun.isUnused) this.#reopen(begun);
  }

  /**
   * Another host fetches the piece, and we wait for that one's: it is open again, and nobody owes blocks of it. False, and
   * nothing is changed, when half of it is here.
   */
  yield(piece: number): boolean {
    const begun = this.#begun.get(piece);
    if (begun === undefined || begun.isHalfComplete || this.#single.has(piece)) return false;
    this.#takeBackAll(begun);
    this.#reopen(begun);
    return true;
  }

  /** The piece is right. Returns the one who alone sent it, if so. */
  verified(piece: number): Source | undefined {
    const sender = this.#begun.get(piece)?.contributors.only;
    this.#begun.delete(piece);
    this.#single.delete(piece);
    this.#picker.had(piece);
    return sender;
  }

  /** The piece is wrong: it is open again. Returns the one who alone sent it, if so. */
  failed(piece: number): Source | undefined {
    const culprit = this.#begun.get(piece)?.contributors.only;
    this.#begun.delete(piece);
    this.#picker.reopen(piece);
    if (culprit !== undefined) return culprit;
    this.#single.set(piece, this.#single.get(piece) ?? 0);
    return undefined;
  }

  #own(source: Source): BegunPiece<Source> | undefined {
    for (const begun of this.#begun.values()) {
      if (begun.isMissingBlocks && begun.sources.has(source)) return begun;
    }
    return undefined;
  }

  #urgent(source: Source, has: Bitfield, now: number): BegunPiece<Source> | undefined {
    if (!this.#picker.isAnyUrgent) return undefined;
    return this.#shared(source, has, now, ({ piece }) => this.#picker.isUrgent(piece));
  }

  #leftBehind(has: Bitfield): BegunPiece<Source> | undefined {
    for (const begun of this.#begun.values()) {
      if (!begun.isMissingBlocks || begun.sources.size > 0 || !has.has(begun.piece)) continue;
      return begun;
    }
    return undefined;
  }

  #takeOver(has: Bitfield, now: number): BegunPiece<Source> | undefined {
    const begun = this.#leftBehind(has);
    return begun !== undefined && this.#single.has(begun.piece)
      ? this.#beginAgain(begun, now)
      : begun;
  }

  #takeAway(source: Source, has: Bitfield, now: number): BegunPiece<Source> | undefined {
    const begun = this.#hostage(source, has, now);
    if (begun === undefined) return undefined;
    const times = this.#single.get(begun.piece) ?? 0;
    this.#single.set(begun.piece, Math.min(mostDoublings, times + 1));
    return this.#beginAgain(begun, now);
  }

  /** A suspect piece that is needed now and whose source takes very long: nobody may hold it up for ever. */
  #hostage(source: Source, has: Bitfield, now: number): BegunPiece<Source> | undefined {
    if (this.#single.size === 0) return undefined;
    const isFree = this.outstanding(source) === 0 && this.#picker.openCount === 0;
    for (const [piece, times] of this.#single) {
      const begun = this.#begun.get(piece);
      if (begun === undefined || begun.isComplete || begun.sources.has(source)) continue;
      if (now - begun.begunAt <= suspectPatience * 2 ** times || !has.has(piece)) continue;
      if (isFree || this.#picker.isUrgent(piece)) return begun;
    }
    return undefined;
  }

  #begin(has: Bitfield, now: number): BegunPiece<Source> | undefined {
    if (!this.#mayBegin()) return undefined;
    const piece = this.#picker.pick(has);
    return piece === undefined ? undefined : this.#beginPiece(piece, now);
  }

  #slow(source: Source, has: Bitfield, now: number): BegunPiece<Source> | undefined {
    if (this.#isAnyLeft()) return undefined;
    const isFree = this.outstanding(source) === 0;
    return this.#shared(source, has, now, (begun) => {
      const isSecond = begun.sources.size > 1 && begun.sources.has(source);
      return isSecond || (isFree && now - begun.begunAt > this.#patience);
    });
  }

  /** How long a piece may take before others are asked for it too. */
  get #patience(): number {
    return Math.max(slowAtLeast, slowFactor * (this.#usualTime ?? 0));
  }

  /**
   * How many sources a piece may have: two, and one more each time that they have had their time. Those who stall under ever
   * new names could otherwise hold up the end for ever.
   */
  #mostSources(begun: BegunPiece<Source>, now: number): number {
    return Math.min(mostSources, Math.max(2, Math.floor((now - begun.begunAt) / this.#patience)));
  }

  /** A piece that `isDue` and that `source` may have a share in, as one of few. Who never sent anything comes later than others. */
  #shared(
    source: Source,
    has: Bitfield,
    now: number,
    isDue: (begun: BegunPiece<Source>) => boolean,
  ): BegunPiece<Source> | undefined {
    const isProven = !this.#isAnyProven || this.#owed.isProven(source);
    for (const begun of this.#begun.values()) {
      if (begun.isComplete || this.#single.has(begun.piece) || !has.has(begun.piece)) continue;
      if (!isProven && now - begun.begunAt <= 2 * this.#patience) continue;
      const isRoom =
        begun.sources.size < this.#mostSources(begun, now) || begun.sources.has(source);
      if (isRoom && isDue(begun) && this.#blockFor(source, begun) >= 0) return begun;
    }
    return undefined;
  }

  /** A missing block, else one that only others owe; -1: none. */
  #blockFor(source: Source, begun: BegunPiece<Source>): number {
    if (begun.isMissingBlocks) return begun.firstMissing();
    return begun.lastToShare((index) => this.#owed.owes(source, this.#key(begun.piece, index)));
  }

  #beginPiece(piece: number, now: number): BegunPiece<Source> {
    const begun = new BegunPiece<Source>(this.#geometry, piece, now, this.#blockLength);
    this.#begun.set(piece, begun);
    this.#picker.begin(piece);
    return begun;
  }

  #beginRun(most: number, now: number, among?: Bitfield): BegunPiece<Source>[] {
    if (!this.#mayBegin()) return [];
    return this.#picker.pickRun(most, among).map((piece) => this.#beginPiece(piece, now));
  }

  /** For a piece that must have one sender: what others sent of it, or owe, does not count. */
  #beginAgain(begun: BegunPiece<Source>, now: number): BegunPiece<Source> {
    this.#takeBackAll(begun);
    return this.#beginPiece(begun.piece, now);
  }

  #takeBackAll({ piece, blockCount: blocks }: BegunPiece<Source>): void {
    for (let index = 0; index < blocks; index++) {
      const key = this.#key(piece, index);
      for (const source of this.#owed.takeBackFromAll(key))
        this.#cancel(source, this.#blockOf(key));
    }
  }

  #reopen({ piece }: BegunPiece<Source>): void {
    this.#begun.delete(piece);
    this.#picker.reopen(piece);
  }

  #ask(source: Source, begun: BegunPiece<Source>, index: number): void {
    begun.ask(index);
    this.#owed.add(source, this.#key(begun.piece, index));
  }

  #askWhole(source: Source, begun: BegunPiece<Source>): void {
    begun.sources.add(source);
    for (let index = 0; index < begun.blockCount; index++) {
      const isOwed = this.#owed.owes(source, this.#key(begun.piece, index));
      if (!begun.isReceived(index) && !isOwed) this.#ask(source, begun, index);
    }
  }

  #unask(key: number): void {
    const piece = Math.floor(key / this.#blocksPerPiece);
    this.#begun.get(piece)?.unask(key % this.#blocksPerPiece);
  }

  #key(piece: number, index: number): number {
    return piece * this.#blocksPerPiece + index;
  }

  #blockOf(key: number): Block {
    const piece = Math.floor(key / this.#blocksPerPiece);
    return blockAt(
      piece,
      pieceSize(this.#geometry, piece),
      key % this.#blocksPerPiece,
      this.#blockLength,
    );
  }

  /** Which of its piece's blocks a peer names; undefined when no such block is ever asked for. */
  #indexOf(block: Block): number | undefined {
    const index = block.begin / this.#blockLength;
    if (!Number.isInteger(index) || block.piece >= this.#geometry.pieceCount) return undefined;
    const size = pieceSize(this.#geometry, block.piece);
    const isWhole = block.length === Math.min(this.#blockLength, size - block.begin);
    return block.begin < size && isWhole ? index : undefined;
  }
}

/** Fast pieces count for more than slow ones: whoever dribbles does not make slowness usual. */
function usualTime(usual: number | undefined, took: number): number {
  if (usual === undefined) return took;
  return usual + (took - usual) * (took < usual ? 0.2 : 0.05);
}
