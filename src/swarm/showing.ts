import { Pace } from '../base/pace.ts';
import { Bitfield } from '../torrent/bitfield.ts';
import { pieceSize, type Block } from '../torrent/geometry.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { revealDepth, type Reveal } from '../torrent/reveal.ts';
import type { Member } from './member.ts';

/** A piece that was shown and not asked for within this many milliseconds came from elsewhere, without a HAVE. */
const askedWithin = 10_000;

/** A piece that was shown: when, and how many bytes of it were sent. */
interface Pending {
  readonly at: number;
  sent: number;
}

/** What an origin has shown one peer. */
interface Shown {
  readonly told: Bitfield;
  /** Pieces shown that the peer has not got yet, as far as it told. */
  readonly pending: Map<number, Pending>;
  /** Bytes a millisecond that are sent to it while there is something to send. */
  readonly pace: Pace;
}

/**
 * Shows a blob's pieces to each peer few at a time, as `Reveal` decides, until the swarm has a whole copy. A Docket knows
 * that an origin has more than it shows, and is shown as much as it may ask for when its turn comes; other clients want a
 * turn only for what they see, and are shown some pieces ahead.
 */
export class Showing {
  readonly #metainfo: Metainfo;
  readonly #reveal: Reveal;
  readonly #members = new Map<Member, Shown>();

  constructor(metainfo: Metainfo, reveal: Reveal) {
    this.#metainfo = metainfo;
    this.#reveal = reveal;
  }

  /** The pieces to announce to a peer that joins. */
  joined(member: Member, now: number): Bitfield {
    const { pieceCount } = this.#metainfo;
    if (this.#reveal.isDone(now)) return Bitfield.full(pieceCount);
    const pace = new Pace(now);
    this.#members.set(member, { told: new Bitfield(pieceCount), pending: new Map(), pace });
    return new Bitfield(pieceCount);
  }

  /** Shows each peer as much as it may see now. */
  update(now: number): void {
    if (this.#reveal.isDone(now)) return this.#showAll();
    for (const member of this.#members.keys()) this.#showAhead(member, now);
  }

  /** False for a peer that has all that it was shown, while there is nothing new to show it. */
  hasFor(member: Member, now: number): boolean {
    const shown = this.#members.get(member);
    if (shown === undefined || member.isServed || shown.pending.size > 0) return true;
    return this.#reveal.hasNext(member.peer.has, shown.told, now);
  }

  /**
   * A peer may ask for as much as its turn gives: what it has not got of what it was shown, and new pieces. When its turn begins
   * `anew`, because nobody else waits, it has asked for what it was shown: then for new pieces alone, or it would wait for
   * those that are on their way before it hears of more.
   */
  turnBegan(member: Member, anew: boolean, now: number): void {
    const shown = this.#members.get(member);
    if (shown === undefined || member.isForeign) return;
    let bytes = 0;
    for (const [piece, { sent }] of anew ? [] : shown.pending)
      bytes += pieceSize(this.#metainfo, piece) - sent;
    this.#show(member, shown, now, () => {
      const isMore = bytes < member.grant;
      bytes += this.#metainfo.pieceLength;
      return isMore;
    });
  }

  /** A peer has these pieces now. */
  had(member: Member, pieces: Iterable<number>, now: number): void {
    const pending = this.#members.get(member)?.pending;
    for (const piece of pieces) {
      this.#reveal.had(piece, member.peer.remote.host, now);
      pending?.delete(piece);
    }
    if (this.#reveal.isDone(now)) this.#showAll();
    else this.#showAhead(member, now);
  }

  /** A block is on its way to the peer. A piece that is sent whole makes room for the next; nobody waits for its HAVE. */
  sent(member: Member, block: Block, now: number): void {
    const shown = this.#members.get(member);
    const pending = shown?.pending.get(block.piece);
    if (pending === undefined) return;
    pending.sent += block.length;
    shown?.pace.came(block.length, now);
    this.#showAhead(member, now);
  }

  left(member: Member): void {
    for (const piece of this.#members.get(member)?.pending.keys() ?? [])
      this.#reveal.takeBack(piece);
    this.#members.delete(member);
  }

  #showAhead(member: Member, now: number): void {
    const shown = this.#members.get(member);
    if (shown === undefined || !member.isForeign) return;
    let unsent = 0;
    for (const [piece, { at, sent }] of shown.pending)
      if (now - at < askedWithin && sent < pieceSize(this.#metainfo, piece)) unsent++;
    if (unsent === 0) shown.pace.resume(now);
    const depth = revealDepth(shown.pace.rate, this.#metainfo.pieceLength, member.isForeign);
    this.#show(member, shown, now, () => unsent++ < depth);
  }

  /** Shows the next pieces while `isMore`. */
  #show(member: Member, shown: Shown, now: number, isMore: () => boolean): void {
    const more: number[] = [];
    while (isMore()) {
      const piece = this.#reveal.next(member.peer.has, shown.told, now);
      if (piece === undefined) break;
      shown.told.add(piece);
      shown.pending.set(piece, { at: now, sent: 0 });
      more.push(piece);
    }
    member.peer.have(more);
  }

  #showAll(): void {
    for (const [member, { told }] of this.#members) {
      const { has } = member.peer;
      const all = Bitfield.full(told.length).indexes();
      member.peer.have([...all].filter((piece) => !told.has(piece) && !has.has(piece)));
    }
    this.#members.clear();
  }
}
