import { Bitfield } from './bitfield.ts';

/** A claim that is not renewed within so many milliseconds lapses: whoever made it has died, or gets nothing. */
export const claimPatience = 5_000;
/** However often it is renewed, after so long the piece is anybody's. */
export const longestClaim = 60_000;
/** When the own zone gives nothing, and nothing new, for so long, what it has may be fetched from outside. */
export const nearPatience = 15_000;

/** That a peer of the own zone fetches a piece from outside. */
interface Claim<Peer> {
  readonly by: Peer;
  readonly since: number;
  at: number;
  isSpent: boolean;
}

/**
 * Which pieces a host may fetch across the border of its zone: those that no peer of the zone has, and that none is
 * fetching from outside, so that each byte crosses about once. Nothing is waited for without end: who claims a piece may
 * be dead or slow, and who has it may be too. Times are in milliseconds.
 */
export class ZoneRule<Peer, Source = Peer> {
  /** How many peers of the zone have each piece. */
  readonly #counts: Uint16Array;
  /** Pieces that none of them has. */
  readonly #lacking: Bitfield;
  /** Pieces that none of them is fetching, as far as they told. */
  readonly #unclaimed: Bitfield;
  readonly #claims = new Map<number, Claim<Peer>>();
  /** Pieces on their way here from outside, and whom they were asked of last. */
  readonly #crossing = new Map<number, Source>();
  /** No claim lapses before. */
  #lapseAt = Infinity;
  /** When the zone last gave something, or had something new. */
  #nearAt: number;

  constructor(pieceCount: number, now: number) {
    this.#counts = new Uint16Array(pieceCount);
    this.#lacking = Bitfield.full(pieceCount);
    this.#unclaimed = Bitfield.full(pieceCount);
    this.#nearAt = now;
  }

  /** A peer of the zone has the piece. */
  gained(piece: number, now: number): void {
    this.#counts[piece] = (this.#counts[piece] ?? 0) + 1;
    this.#lacking.delete(piece);
    this.#nearAt = now;
  }

  /** A peer of the zone that had these pieces is gone, or gives nothing. */
  lost(has: Bitfield): void {
    for (const piece of has.indexes()) {
      const count = Math.max(0, (this.#counts[piece] ?? 0) - 1);
      this.#counts[piece] = count;
      if (count === 0) this.#lacking.add(piece);
    }
  }

  /** A peer of the zone sent something. */
  served(now: number): void {
    this.#nearAt = now;
  }

  /** `source`, which stands outside, was asked for the piece. True when the zone must be told now. */
  asked(source: Source, piece: number): boolean {
    const isNew = !this.#crossing.has(piece);
    this.#crossing.set(piece, source);
    return isNew;
  }

  /** What the zone is told again, each second: the pieces that are on their way (`isBegun`) and whose source is sending. */
  renewals(
    isBegun: (piece: number) => boolean,
    isSending: (source: Source) => boolean,
  ): readonly number[] {
    const pieces: number[] = [];
    for (const [piece, source] of this.#crossing) {
      if (!isBegun(piece)) this.#crossing.delete(piece);
      else if (isSending(source)) pieces.push(piece);
    }
    return pieces;
  }

  /** A peer of the zone told that it fetches the piece from outside. False when that was known. */
  claimed(by: Peer, piece: number, now: number): boolean {
    const known = this.#claims.get(piece);
    if (known !== undefined && known.by === by) {
      known.at = now;
      return false;
    }
    this.#claims.set(piece, { by, since: now, at: now, isSpent: false });
    this.#unclaimed.delete(piece);
    this.#lapseAt = Math.min(this.#lapseAt, now + claimPatience);
    return true;
  }

  /** A peer is gone, and its claims with it. */
  left(by: Peer): void {
    for (const [piece, claim] of this.#claims) if (claim.by === by) this.#release(piece);
  }

  /** Those of a peer's pieces, which stands outside, that may be fetched from it now. */
  crossing(has: Bitfield, now: number): Bitfield {
    if (now >= this.#lapseAt) this.#lapse(now);
    const unclaimed = has.and(this.#unclaimed);
    return now - this.#nearAt >= nearPatience ? unclaimed : unclaimed.and(this.#lacking);
  }

  #lapse(now: number): void {
    this.#lapseAt = Infinity;
    for (const [piece, claim] of this.#claims) {
      const until = claim.at + claimPatience;
      const end = claim.since + longestClaim;
      if (until <= now) {
        this.#release(piece);
        continue;
      }
      if (end <= now && !claim.isSpent) {
        // It stays on record, or the same peer would claim the piece anew.
        claim.isSpent = true;
        this.#unclaimed.add(piece);
      }
      this.#lapseAt = Math.min(this.#lapseAt, claim.isSpent ? until : Math.min(until, end));
    }
  }

  #release(piece: number): void {
    this.#claims.delete(piece);
    this.#unclaimed.add(piece);
  }
}
