import { Bitfield } from '../../src/torrent/bitfield.ts';

/** So long, in milliseconds, a piece that a peer of the own zone has is not fetched from another zone. */
export const nearPatience = 30_000;
/** So long a piece is left to the peer of the own zone that began to fetch it from another. */
export const begunPatience = 5_000;

/**
 * Which pieces a host may fetch from another zone: those that no peer of its own zone has or is just fetching from outside, so
 * that each byte crosses the link between zones about once. Nothing is waited for without end: a peer may be dead or slow.
 */
export class ZoneRule {
  readonly #nearCounts: Uint16Array;
  /** When a peer of the own zone had the piece for the first time. */
  readonly #nearSince: Float64Array;
  readonly #begunAt: Float64Array;

  constructor(pieceCount: number) {
    this.#nearCounts = new Uint16Array(pieceCount);
    this.#nearSince = new Float64Array(pieceCount).fill(Infinity);
    this.#begunAt = new Float64Array(pieceCount).fill(-Infinity);
  }

  /** A peer of the own zone has the piece. `now` in milliseconds. */
  gained(piece: number, now: number): void {
    const count = this.#nearCounts[piece] ?? 0;
    this.#nearCounts[piece] = count + 1;
    this.#nearSince[piece] = Math.min(now, this.#nearSince[piece] ?? now);
  }

  /** A peer of the own zone that had these pieces is gone. */
  left(has: Bitfield): void {
    for (const piece of has.indexes()) {
      const count = Math.max(0, (this.#nearCounts[piece] ?? 0) - 1);
      this.#nearCounts[piece] = count;
      if (count === 0) this.#nearSince[piece] = Infinity;
    }
  }

  /** A peer of the own zone told that it fetches the piece from another zone. */
  begun(piece: number, now: number): void {
    this.#begunAt[piece] = now;
  }

  mayCross(piece: number, now: number): boolean {
    const begunAt = this.#begunAt[piece] ?? -Infinity;
    if (now - begunAt < begunPatience) return false;
    const isNear = (this.#nearCounts[piece] ?? 0) > 0;
    return !isNear || now - (this.#nearSince[piece] ?? now) >= nearPatience;
  }

  /** Those of a peer's pieces, which stands in another zone, that may be fetched from it. */
  crossing(has: Bitfield, now: number): Bitfield {
    const crossing = new Bitfield(has.length);
    for (const piece of has.indexes()) if (this.mayCross(piece, now)) crossing.add(piece);
    return crossing;
  }
}
