import { randomInteger, type Random } from '../base/random.ts';
import type { Having } from './piece-picker.ts';

/**
 * A piece that nobody has got is revealed to another peer after so many times the usual time, and after so many milliseconds
 * at least; as long as no time is usual yet, after a while.
 */
const slowFactor = 3;
const slowAtLeast = 2_000;
const slowAtFirst = 10_000;

/**
 * When the swarm has a whole copy it soon has others: the origin keeps back for this part of the time that the first one
 * took, but not for long. Else it would send, in the end, what peers have for each other.
 */
const restraint = 0.15;
const mostRestraint = 5_000;

/** Pieces shown ahead: what is sent in this many milliseconds, and two at least, which differ from all other peers'. */
const horizon = 400;
const fewest = 2;
const mostBytes = 4 * 1024 * 1024;
/** Clients of others may look only once a second at what they were shown (Transmission): they are shown more. */
const foreignHorizon = 2_500;
const fewestForeignBytes = 1024 * 1024;

/**
 * How many pieces an origin shows a peer ahead of what it has sent: enough to keep the link busy, and so few that those who
 * come first do not get the whole first copy between them. `rate` is in bytes a millisecond.
 */
export function revealDepth(rate: number, pieceLength: number, isForeign = false): number {
  const bytes = isForeign ? Math.max(fewestForeignBytes, rate * foreignHorizon) : rate * horizon;
  return Math.max(fewest, Math.ceil(Math.min(mostBytes, bytes) / pieceLength));
}

/**
 * What an origin shows of a blob while the swarm has no whole copy yet (super-seeding, BEP 16, without its waiting):
 * to each peer a few pieces at a time, those that were shown least, so that the first copy leaves the origin about
 * once. When every piece is had by some peer it is over; a little later the origin shows all.
 */
export class Reveal {
  readonly #random: Random;
  readonly #pieceCount: number;
  readonly #times: Uint16Array;
  readonly #shownAt: Float64Array;
  readonly #spread: Uint8Array;
  /** Who says that it has a piece which was never shown. */
  readonly #claims = new Map<number, unknown>();
  #missing: number;
  #firstAt: number | undefined;
  #overAt = 0;
  /** Milliseconds from showing a piece until some peer has it. */
  #usualTime: number | undefined;

  constructor(pieceCount: number, random: Random) {
    this.#random = random;
    this.#pieceCount = pieceCount;
    this.#times = new Uint16Array(pieceCount);
    this.#shownAt = new Float64Array(pieceCount);
    this.#spread = new Uint8Array(pieceCount);
    this.#missing = pieceCount;
  }

  /** True when every piece is had by some peer. */
  get isOver(): boolean {
    return this.#missing === 0;
  }

  /** True when it is over, and the peers have had time to give each other what they have. */
  isDone(now: number): boolean {
    if (!this.isOver) return false;
    const took = this.#overAt - (this.#firstAt ?? this.#overAt);
    const wait = Math.min(mostRestraint, took * restraint);
    return now - this.#overAt >= wait;
  }

  /**
   * The host `by` says that it has this piece. Of one that was never shown two must say so: else a single liar, who says that
   * it has all, would end the revealing.
   */
  had(piece: number, by: unknown, now: number): void {
    if (this.#spread[piece] !== 0) return;
    if (this.#times[piece] === 0 && (this.#claims.get(piece) ?? by) === by) {
      this.#claims.set(piece, by);
      return;
    }
    this.#claims.delete(piece);
    this.#spread[piece] = 1;
    this.#missing--;
    this.#overAt = now;
    if (this.#times[piece] !== 1) return;
    const took = now - (this.#shownAt[piece] ?? now);
    this.#usualTime = this.#usualTime === undefined ? took : this.#usualTime * 0.8 + took * 0.2;
  }

  /** A peer that was shown this piece left without it. */
  takeBack(piece: number): void {
    const times = this.#times[piece] ?? 0;
    if (times > 0) this.#times[piece] = times - 1;
  }

  /** True when `next` would give a piece. */
  hasNext(has: Having, shown: Having, now: number): boolean {
    if (this.isOver) return false;
    for (let piece = 0; piece < this.#pieceCount; piece++)
      if (this.#isDue(piece, now) && !has.has(piece) && !shown.has(piece)) return true;
    return false;
  }

  /** The piece to show next to a peer that has `has` and was shown `shown`; undefined: none now. */
  next(has: Having, shown: Having, now: number): number | undefined {
    let best: number | undefined;
    let bestTimes = Infinity;
    let ties = 0;
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      const times = this.#times[piece] ?? 0;
      if (times > bestTimes || !this.#isDue(piece, now) || has.has(piece) || shown.has(piece))
        continue;
      ties = times < bestTimes ? 1 : ties + 1;
      if (ties > 1 && randomInteger(this.#random, ties) > 0) continue;
      best = piece;
      bestTimes = times;
    }
    if (best === undefined) return undefined;
    this.#firstAt ??= now;
    this.#times[best] = bestTimes + 1;
    this.#shownAt[best] = now;
    return best;
  }

  /** Nobody has it, and nobody is likely to get it soon. */
  #isDue(piece: number, now: number): boolean {
    if (this.#spread[piece] !== 0) return false;
    return this.#times[piece] === 0 || now - (this.#shownAt[piece] ?? 0) >= this.#patience;
  }

  get #patience(): number {
    return this.#usualTime === undefined
      ? slowAtFirst
      : Math.max(slowAtLeast, this.#usualTime * slowFactor);
  }
}
