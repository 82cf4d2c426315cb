import { Bitfield } from '../torrent/bitfield.ts';
import { mostCrossing, type Crossing } from '../torrent/crossing.ts';
import type { Block } from '../torrent/geometry.ts';
import type { PeerId } from '../torrent/ids.ts';
import type { PiecePicker } from '../torrent/piece-picker.ts';
import type { Zone } from '../torrent/zone.ts';
import { ZoneRule } from '../torrent/zone-rule.ts';
import type { Member } from './member.ts';
import type { WebSeed } from './web-seed.ts';

type Source = Member | WebSeed;

/** A source outside that sent nothing for so long (milliseconds) does not keep us from asking another. */
export const quietAfter = 3_000;

/** What the border needs of the half of a torrent that fetches. */
export interface BorderUser {
  members(): Iterable<Member>;
  readonly id: PeerId;
  /** True when the piece is on its way; when it is here. */
  isComing(piece: number): boolean;
  isHad(piece: number): boolean;
  /** True when the peer let us down, and is asked for nothing now. */
  isShunned(member: Member, now: number): boolean;
}

/**
 * What a torrent at a host in a zone fetches from outside: keeps the zone's rule, tells the zone's other peers what is being
 * fetched across, again at each tick, and hears it from them. A web seed stands outside.
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

  /** True when no other source outside is to be asked now, `member` being one. */
  isFull(member: Member, sources: number, now: number): boolean {
    if (this.#isMate(member) || member.peer.reveals) return false;
    let drawn = 0;
    for (const one of this.#user.members())
      if (one.isDrawing && !this.#isMate(one) && now - one.heardAt < quietAfter) drawn++;
    return drawn >= this.#rule.mostSources(sources, now);
  }

  /** True when some piece is left to begin, here or by another of the zone. */
  isAnyLeft(picker: PiecePicker, now: number): boolean {
    return this.#rule.isAnyFree(picker, now);
  }

  /**
   * Of two hosts that began to fetch a piece from outside at the same time the one with the smaller id goes on. True when the
   * other, which told of it now, is that one.
   */
  mustYield({ peer }: Member, piece: number): boolean {
    return this.#rule.isCrossing(piece) && peer.id < this.#user.id;
  }

  /** A block came that was wanted. */
  came(source: Source, now: number): void {
    if ('peer' in source && this.#mates.has(source)) this.#rule.served(now);
  }

  /** These blocks were asked of a source. */
  asked(source: Source, blocks: readonly Pick<Block, 'piece'>[]): void {
    if ('peer' in source && this.#isMate(source)) return;
    const pieces = blocks.map(({ piece }) => piece);
    this.#tell({ begun: pieces.filter((piece) => this.#rule.asked(source, piece)), over: [] });
  }

  /** A peer told what it fetches from outside. False when that means nothing here, or was known. */
  heard(member: Member, { begun, over }: Crossing, now: number): boolean {
    if (!this.#isMate(member)) return false;
    let isNew = false;
    for (const piece of begun) isNew = this.#rule.claimed(member, piece, now) || isNew;
    for (const piece of over) isNew = this.#rule.released(member, piece) || isNew;
    return isNew;
  }

  /** Some piece may not be on its way any more. */
  review(): void {
    const over = this.#rule.over(
      (piece) => this.#user.isComing(piece),
      (piece) => this.#user.isHad(piece),
    );
    this.#tell({ begun: [], over });
  }

  left(member: Member): void {
    this.#discount(member);
    this.#rule.left(member);
  }

  /** Says again what is on its way across, and looks who has let us down. */
  tick(now: number): void {
    for (const member of this.#user.members()) {
      if (!this.#isMate(member)) continue;
      if (this.#user.isShunned(member, now)) this.#discount(member);
      else if (!this.#mates.has(member)) this.#count(member, now);
    }
    this.review();
    const isSending = (source: Source): boolean =>
      'peer' in source ? source.isDrawing : source.isBusy;
    this.#tell({ begun: this.#rule.renewals(isSending), over: [] });
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

  #tell({ begun, over }: Crossing): void {
    for (let start = 0; start < begun.length + over.length; start += mostCrossing) {
      const end = start + mostCrossing;
      const some = {
        begun: begun.slice(start, end),
        over: over.slice(Math.max(0, start - begun.length), Math.max(0, end - begun.length)),
      };
      for (const member of this.#user.members())
        if (this.#isMate(member) && !member.isSeed) member.peer.crosses(some);
    }
  }
}
