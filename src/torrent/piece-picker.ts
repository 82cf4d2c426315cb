import { randomInteger, type Random } from '../base/random.ts';
import { Bitfield } from './bitfield.ts';

/** Who has what, as far as a look at one piece goes. */
export type Having = Pick<Bitfield, 'has'>;

/**
 * So many pieces are compared to find a rare one. All of a large blob need not be: the rarest of these is rare enough, and
 * a pick costs the same for blobs of any size.
 */
const compared = new Int32Array(64);

/**
 * Which piece to begin next: a rare one, that few peers have, ties by chance (rarest first); a piece that a reader waits
 * for goes before all others. A piece is in exactly one of three states: open (nobody is asked for it), begun, or had.
 */
export class PiecePicker {
  readonly #random: Random;
  /** How many connected peers have each piece. */
  readonly #availability: Uint16Array;
  readonly #open: Bitfield;
  readonly #urgent = new Set<number>();

  /** All pieces that `had` lacks are open. `availability`: where to count who has what, instead of numbers of its own. */
  constructor(
    had: Bitfield,
    random: Random,
    availability: Uint16Array = new Uint16Array(had.length),
  ) {
    this.#random = random;
    this.#availability = availability;
    this.#open = new Bitfield(had.length);
    for (let piece = 0; piece < had.length; piece++) if (!had.has(piece)) this.#open.add(piece);
  }

  get openCount(): number {
    return this.#open.count;
  }

  isOpen(piece: number): boolean {
    return this.#open.has(piece);
  }

  /** True when a peer that has these pieces has an open one. */
  isAnyOpen(has: Bitfield): boolean {
    return this.#open.count > 0 && this.#open.meets(has);
  }

  availability(piece: number): number {
    return this.#availability[piece] ?? 0;
  }

  /** A connected peer has got one more piece. */
  gained(piece: number): void {
    this.#availability[piece] = this.availability(piece) + 1;
  }

  /** A peer that had these pieces is gone. */
  left(has: Bitfield): void {
    for (const piece of has.indexes()) this.#availability[piece] = this.availability(piece) - 1;
  }

  /** Takes a piece out of the open ones: it is begun, or had. */
  begin(piece: number): void {
    this.#open.delete(piece);
  }

  /** A begun piece that came to nothing is open again. */
  reopen(piece: number): void {
    this.#open.add(piece);
  }

  /** A reader waits for this piece; it stays urgent until it is had. */
  hurry(piece: number): void {
    this.#urgent.add(piece);
  }

  had(piece: number): void {
    this.begin(piece);
    this.#urgent.delete(piece);
  }

  get isAnyUrgent(): boolean {
    return this.#urgent.size > 0;
  }

  isUrgent(piece: number): boolean {
    return this.#urgent.has(piece);
  }

  /** The open piece to ask this peer for, or undefined when it has none of them. */
  pick(has: Bitfield): number | undefined {
    for (const piece of this.#urgent) if (this.isOpen(piece) && has.has(piece)) return piece;
    const from = randomInteger(this.#random, this.#open.length);
    const count = this.#open.common(has, from, compared);
    let best: number | undefined;
    let bestAvailability = Infinity;
    let ties = 0;
    for (let index = 0; index < count; index++) {
      const piece = compared[index] ?? 0;
      const availability = this.#availability[piece] ?? 0;
      if (availability > bestAvailability) continue;
      ties = availability < bestAvailability ? 1 : ties + 1;
      if (ties > 1 && randomInteger(this.#random, ties) > 0) continue;
      best = piece;
      bestAvailability = availability;
    }
    return best;
  }

  /**
   * Up to `most` open pieces in a row, for a source that has all: those about a rare one, so that no scattered rest
   * remains; an urgent one comes first in its run. `among`: only of these.
   */
  pickRun(most: number, among: Bitfield = this.#open): readonly number[] {
    const picked = this.pick(among);
    if (picked === undefined) return [];
    const isFree = (piece: number): boolean => this.isOpen(piece) && among.has(piece);
    let first = picked;
    if (!this.isUrgent(picked)) while (picked - first < most - 1 && isFree(first - 1)) first--;
    const run: number[] = [];
    for (let piece = first; run.length < most && isFree(piece); piece++) run.push(piece);
    return run;
  }
}
