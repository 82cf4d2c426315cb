import { Bitfield } from '../torrent/bitfield.ts';
import { mostCrossing } from '../torrent/crossing.ts';
import type { Block } from '../torrent/geometry.ts';
import type { Zone } from '../torrent/zone.ts';
import { ZoneRule } from '../torrent/zone-rule.ts';
import type { Member } from './member.ts';
import type { WebSeed } from './web-seed.ts';

type Source = Member | WebSeed;

/** What the border needs of the half of a torrent that fetches. */
export interface BorderUser {
  members(): Iterable<Member>;
  /** True when the piece is on its way. */
  isBegun(piece: number): boolean;
  /** True when the peer let us down, and is asked for nothing now. */
  isShunned(member: Member, now: number): boolean;
}

/**
 * What a torrent at a host in a zone fetches from outside: keeps the zone's rule, tells the zone's other peers what is being
 * fetched across, each second anew, and hears it from them. A web seed stands outside.
 */
export class ZoneBorder {
  readonly #zone: Zone;
  readonly #user: BorderUser;
  readonly #rule: ZoneRule<Member, Source>;
  readonly #everything: Bitfield;
  /** Peers of the zone whose pieces count: not those who have let us down. */
  readonly #mates = new Set<Member>();

  constructor(zone: Zone, pieceCount: number, now: number, user: BorderUser) {
    this.#zone = zone;
    this.#user = user;
    this.#rule = new ZoneRule(pieceCount, now);
    this.#everything = Bitfield.full(pieceCount);
  }

  /** How many peers stand outside the zone. */
  get outside(): number {
    let outside = 0;
    for (const member of this.#user.members()) if (!this.#isMate(member)) outside++;
    return outside;
  }

  /** The pieces that may be fetched from a source now. */
  fieldOf(source: Source, now: number): Bitfield {
    if (!('peer' in source)) return this.#rule.crossing(this.#everything, now);
    const { has } = source.peer;
    return this.#isMate(source) ? has : this.#rule.crossing(has, now);
  }

  /** A peer has these pieces too now, as its field says already. */
  gained(member: Member, pieces: readonly number[], now: number): void {
    if (!this.#isMate(member) || this.#user.isShunned(member, now)) return;
    if (!this.#mates.has(member)) return this.#count(member, now);
    for (const piece of pieces) this.#rule.gained(piece, now);
  }

  /** A block came that was wanted. */
  came(source: Source, now: number): void {
    if ('peer' in source && this.#mates.has(source)) this.#rule.served(now);
  }

  /** These blocks were asked of a source. */
  asked(source: Source, blocks: readonly Pick<Block, 'piece'>[]): void {
    if ('peer' in source && this.#isMate(source)) return;
    const pieces = blocks.map(({ piece }) => piece);
    this.#tell(pieces.filter((piece) => this.#rule.asked(source, piece)));
  }

  /** A peer told what it fetches from outside. False when that means nothing here, or was known. */
  claimed(member: Member, pieces: readonly number[], now: number): boolean {
    if (!this.#isMate(member)) return false;
    let isNew = false;
    for (const piece of pieces) isNew = this.#rule.claimed(member, piece, now) || isNew;
    return isNew;
  }

  left(member: Member): void {
    this.#discount(member);
    this.#rule.left(member);
  }

  /** Each second: says again what is on its way across, and looks who has let us down. */
  tick(now: number): void {
    for (const member of this.#user.members()) {
      if (!this.#isMate(member)) continue;
      if (this.#user.isShunned(member, now)) this.#discount(member);
      else if (!this.#mates.has(member)) this.#count(member, now);
    }
    const renewals = this.#rule.renewals(
      (piece) => this.#user.isBegun(piece),
      (source) => ('peer' in source ? source.isDrawing : source.isBusy),
    );
    this.#tell(renewals);
  }

  #isMate({ peer }: Member): boolean {
    return peer.zone === this.#zone;
  }

  #count(member: Member, now: number): void {
    this.#mates.add(member);
    for (const piece of member.peer.has.indexes()) this.#rule.gained(piece, now);
  }

  #discount(member: Member): void {
    if (this.#mates.delete(member)) this.#rule.lost(member.peer.has);
  }

  #tell(pieces: readonly number[]): void {
    for (let start = 0; start < pieces.length; start += mostCrossing) {
      const some = pieces.slice(start, start + mostCrossing);
      for (const member of this.#user.members())
        if (this.#isMate(member) && !member.isSeed) member.peer.crosses(some);
    }
  }
}
