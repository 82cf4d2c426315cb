import { randomInteger, type Random } from '../base/random.ts';
import type { Having } from './piece-picker.ts';

/** A piece revealed to one peer is revealed to another when nobody has got it after this many milliseconds. */
const revealAgainAfter = 2_000;

/**
 * What an origin shows of a blob while the swarm has no whole copy yet (super-seeding, BEP 16, without its waiting):
 * to each peer a few pieces at a time, those that were shown least, so that the first copy leaves the origin about
 * once. When every piece is had by some peer it is over, and the origin shows all.
 */
export class Reveal {
  readonly #random: Random;
  readonly #pieceCount: number;
  readonly #times: Uint16Array;
  readonly #shownAt: Float64Array;
  readonly #spread: Uint8Array;
  #missing: number;

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

  /** Some peer has this piece. */
  had(piece: number): void {
    if (this.#spread[piece] !== 0) return;
    this.#spread[piece] = 1;
    this.#missing--;
  }

  /** A peer that was shown this piece left without it. */
  takeBack(piece: number): void {
    const times = this.#times[piece] ?? 0;
    if (times > 0) this.#times[piece] = times - 1;
  }

  /** The piece to show next to a peer that has `has` and was shown `shown`; undefined: none now. */
  next(has: Having, shown: Having, now: number): number | undefined {
    let best: number | undefined;
    let bestTimes = Infinity;
    let ties = 0;
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      const times = this.#times[piece] ?? 0;
      if (times > bestTimes || this.#spread[piece] !== 0 || has.has(piece) || shown.has(piece))
        continue;
      if (times > 0 && now - (this.#shownAt[piece] ?? 0) < revealAgainAfter) continue;
      ties = times < bestTimes ? 1 : ties + 1;
      if (ties > 1 && randomInteger(this.#random, ties) > 0) continue;
      best = piece;
      bestTimes = times;
    }
    if (best === undefined) return undefined;
    this.#times[best] = bestTimes + 1;
    this.#shownAt[best] = now;
    return best;
  }
}
