import { Bitfield } from './bitfield.ts';
import type { PiecePicker } from './piece-picker.ts';

/** A claim that is not renewed within so many milliseconds lapses: whoever made it has died, or gets nothing. */
export const claimPatience = 5_000;
/** However often it is renewed, after so long the piece is anybody's. */
export const longestClaim = 60_000;
/** Sources outside from which all gateways of a zone draw together: more flows than a thin link bears only hinder each other. */
const sourcesOfZone = 12;
/** A peer that has claimed nothing for so long is no gateway. */
const gatewayFor = 10_000;
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
  readonly #claims = new Map<number, Claim<Peer>[]>();
  /** Pieces on their way here from outside, and whom they were asked of last. */
  readonly #crossing = new Map<number, Source>();
  /** When each peer of the zone claimed something last. */
  readonly #gateways = new Map<Peer, number>();
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
    this.#set(piece, []);
  }

  /** A peer of the zone that had these pieces is gone, or gives nothing. */
  lost(has: Bitfield): void {
    for (const piece of has.indexes()) {
      const count = Math.max(0, (this.#counts[piece] ?? 0) - 1);
      this.#counts[piece] = count;
      if (count === 0) this.#lacking.add(piece);
    }
  }

  /** Of how many sources outside a host may draw at a time that draws of `sources` in all; the origin aside. */
  mostSources(sources: number, now: number): number {
    let gateways = 1;
    for (const at of this.#gateways.values()) if (now - at < gatewayFor) gateways++;
    return Math.min(sources, Math.ceil(sourcesOfZone / gateways));
  }

  /** True when some of these pieces are neither had by this host, nor under way here, nor claimed by another of the zone. */
  isAnyFree(open: PiecePicker, now: number): boolean {
    this.#settle(now);
    return open.isAnyOpen(this.#unclaimed);
  }

  /** True when this host fetches the piece from outside. */
  isCrossing(piece: number): boolean {
    return this.#crossing.has(piece);
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

  /** What the zone is told again each half second: the pieces whose source is sending. */
  renewals(isSending: (source: Source) => boolean): readonly number[] {
    return [...this.#crossing].flatMap(([piece, source]) => (isSending(source) ? piece : []));
  }

  /**
   * What the zone is told is over: pieces that were on their way here, and are neither any more (`isComing`) nor had. Each is
   * told once.
   */
  over(isComing: (piece: number) => boolean, isHad: (piece: number) => boolean): readonly number[] {
    const over: number[] = [];
    for (const piece of this.#crossing.keys()) {
      if (isComing(piece)) continue;
      this.#crossing.delete(piece);
      if (!isHad(piece)) over.push(piece);
    }
    return over;
  }

  /** A peer of the zone told that it fetches the piece from outside. False when that was known. */
  claimed(by: Peer, piece: number, now: number): boolean {
    this.#gateways.set(by, now);
    const claims = this.#claims.get(piece) ?? [];
    const known = claims.find((claim) => claim.by === by);
    if (known !== undefined) {
      known.at = now;
      return false;
    }
    this.#set(piece, [...claims, { by, since: now, at: now, isSpent: false }]);
    this.#lapseAt = Math.min(this.#lapseAt, now + claimPatience);
    return true;
  }

  /** It fetches the piece no more. False when that was known. */
  released(by: Peer, piece: number): boolean {
    const claims = this.#claims.get(piece) ?? [];
    const others = claims.filter((claim) => claim.by !== by);
    this.#set(piece, others);
    return others.length < claims.length;
  }

  /** A peer is gone, and its claims with it. */
  left(by: Peer): void {
    this.#gateways.delete(by);
    for (const piece of this.#claims.keys()) this.released(by, piece);
  }

  /** Those of a peer's pieces, which stands outside, that may be fetched from it now. */
  crossing(has: Bitfield, now: number): Bitfield {
    this.#settle(now);
    const unclaimed = has.and(this.#unclaimed);
    return now - this.#nearAt >= nearPatience ? unclaimed : unclaimed.and(this.#lacking);
  }

  #settle(now: number): void {
    if (now < this.#lapseAt) return;
    this.#lapseAt = Infinity;
    for (const [piece, claims] of this.#claims) {
      const left = claims.filter((claim) => now < claim.at + claimPatience);
      for (const claim of left) {
        const end = claim.since + longestClaim;
        // It stays on record, or the same peer would claim the piece anew.
        claim.isSpent ||= end <= now;
        const until = claim.at + claimPatience;
        this.#lapseAt = Math.min(this.#lapseAt, claim.isSpent ? until : Math.min(until, end));
      }
      this.#set(piece, left);
    }
  }

  #set(piece: number, claims: Claim<Peer>[]): void {
    if (claims.length > 0) this.#claims.set(piece, claims);
    else this.#claims.delete(piece);
    if (claims.every(({ isSpent }) => isSpent)) this.#unclaimed.add(piece);
    else this.#unclaimed.delete(piece);
  }
}
