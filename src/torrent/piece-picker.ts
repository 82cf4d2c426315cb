import { randomInteger, type Random } from '../base/random.ts';
import type { Bitfield } from './bitfield.ts';

/** Who has what, as far as picking must know. */
export type Having = Pick<Bitfield, 'has'>;

const everything: Having = { has: () => true };

/**
 * Which piece to begin next: the one that the fewest peers have, ties by chance (rarest first); a piece that a reader
 * waits for goes before all others. A piece is in exactly one of three states: open (nobody is asked for it), begun,
 * or had.
 */
export class PiecePicker {
  readonly #random: Random;
  /** How many connected peers have each piece. */
  readonly #availability: Uint16Array;
  /** The open pieces in no order, and where each stands among them (-1: not open). */
  readonly #open: Int32Array;
  readonly #place: Int32Array;
  #openCount: number;
  readonly #urgent = new Set<number>();

  /** All pieces that `had` lacks are open. */
  constructor(had: Bitfield, random: Random) {
    this.#random = random;
    this.#availability = new Uint16Array(had.length);
    this.#open = new Int32Array(had.length);
    this.#place = new Int32Array(had.length).fill(-1);
    this.#openCount = 0;
    for (let piece = 0; piece < had.length; piece++) {
      if (!had.has(piece)) this.reopen(piece);
    }
  }

  get openCount(): number {
    return this.#openCount;
  }

  isOpen(piece: number): boolean {
    return (this.#place[piece] ?? -1) >= 0;
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
    const place = this.#place[piece] ?? -1;
    if (place < 0) return;
    const last = this.#open[--this.#openCount] ?? 0;
    this.#open[place] = last;
    this.#place[last] = place;
    this.#place[piece] = -1;
  }

  /** A begun piece that came to nothing is open again. */
  reopen(piece: number): void {
    if (this.isOpen(piece)) return;
    this.#place[piece] = this.#openCount;
    this.#open[this.#openCount++] = piece;
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
  pick(has: Having): number | undefined {
    for (const piece of this.#urgent) if (this.isOpen(piece) && has.has(piece)) return piece;
    let best: number | undefined;
    let bestAvailability = Infinity;
    let ties = 0;
    for (let place = 0; place < this.#openCount; place++) {
      const piece = this.#open[place] ?? 0;
      const availability = this.#availability[piece] ?? 0;
      if (availability > bestAvailability || !has.has(piece)) continue;
      ties = availability < bestAvailability ? 1 : ties + 1;
      if (ties > 1 && randomInteger(this.#random, ties) > 0) continue;
      best = piece;
      bestAvailability = availability;
    }
    return best;
  }

  /**
   * Up to `most` open pieces in a row, for a source that has all: those about the rarest one, so that no scattered rest
   * remains; an urgent one comes first in its run.
   */
  pickRun(most: number): readonly number[] {
    const picked = this.pick(everything);
    if (picked === undefined) return [];
    let first = picked;
    if (!this.isUrgent(picked)) while (picked - first < most - 1 && this.isOpen(first - 1)) first--;
    const run: number[] = [];
    for (let piece = first; run.length < most && this.isOpen(piece); piece++) run.push(piece);
    return run;
  }
}
