import { Reveal } from '../../src/torrent/reveal.ts';
import type { SimMember } from './sim-member.ts';
import type { SimTorrent } from './sim-torrent.ts';

/** What an origin shows of a blob: what the product does in `swarm/showing`. */
export class SimShowing {
  readonly #torrent: SimTorrent;
  readonly #reveal: Reveal;
  /** It shows its pieces one by one. */
  isRevealing = true;

  constructor(torrent: SimTorrent) {
    this.#torrent = torrent;
    this.#reveal = new Reveal(torrent.geometry.pieceCount, torrent.host.world.random);
  }

  /** False when there is nothing to show a peer now, and it was shown nothing that it lacks. */
  hasFor(member: SimMember): boolean {
    if (!this.isRevealing || member.isServed) return true;
    const shown = member.other.has;
    return member.owns < shown.count || this.#reveal.hasNext(member.has, shown, this.#now);
  }

  /** Shows a peer that has its turn one piece more; false when there is none. */
  show(member: SimMember): boolean {
    if (!this.isRevealing || this.#reveal.isOver) return false;
    const piece = this.#reveal.next(member.has, member.other.has, this.#now);
    if (piece === undefined) return false;
    member.other.torrent.shown(member.other, piece);
    return true;
  }

  /** A peer has this piece now. */
  had(member: SimMember, piece: number): void {
    this.#reveal.had(piece, member.host, this.#now);
    if (member.other.has.has(piece)) member.owns++;
  }

  /** A peer is here: it sees all, once that is shown. */
  introduce(member: SimMember): void {
    if (this.isRevealing) return;
    const { other } = member;
    for (const piece of this.#torrent.have.indexes()) other.torrent.shown(other, piece);
  }

  /** What a peer that is gone was shown, and has not got, is shown again. */
  left(member: SimMember): void {
    if (!this.isRevealing) return;
    for (const piece of member.other.has.indexes())
      if (!member.has.has(piece)) this.#reveal.takeBack(piece);
  }

  tick(now: number): void {
    if (!this.isRevealing || !this.#reveal.isDone(now)) return;
    this.isRevealing = false;
    for (const member of this.#torrent.members) {
      this.introduce(member);
      member.other.torrent.learned(member.other);
    }
  }

  get #now(): number {
    return this.#torrent.host.world.queue.now;
  }
}
