import { quietAfter } from '../../src/swarm/zone-border.ts';
import type { Bitfield } from '../../src/torrent/bitfield.ts';
import type { PiecePicker } from '../../src/torrent/piece-picker.ts';
import { ZoneRule } from '../../src/torrent/zone-rule.ts';
import type { SimMember } from './sim-member.ts';
import type { SimTorrent } from './sim-torrent.ts';

/** What a host in a zone that has peers outside it fetches from there: what the product does in `swarm/zone-border`. */
export class SimBorder {
  readonly #torrent: SimTorrent;
  readonly #rule: ZoneRule<SimMember>;

  constructor(torrent: SimTorrent) {
    const { geometry, host, members } = torrent;
    const { now } = host.world.queue;
    this.#torrent = torrent;
    this.#rule = new ZoneRule(geometry.pieceCount, now);
    for (const member of members)
      if (counts(member)) for (const piece of member.has.indexes()) this.#rule.gained(piece, now);
  }

  /** Those of a peer's pieces that may be fetched from it. */
  fieldOf(member: SimMember): Bitfield {
    return member.isAcross ? this.#rule.crossing(member.has, this.#now) : member.has;
  }

  /** A piece is left to begin, whoever may have it. */
  isAnyFree(picker: PiecePicker): boolean {
    return this.#rule.isAnyFree(picker, this.#now);
  }

  /** Enough is drawn from outside the zone, where `member` stands. */
  isFull(member: SimMember): boolean {
    if (!member.isAcross || member.other.torrent.showing?.isRevealing === true) return false;
    const { tuning } = this.#torrent.host.world;
    let drawn = 0;
    for (const { isAcross, isDrawing, heardAt } of this.#torrent.members)
      if (isAcross && isDrawing && this.#now - heardAt < quietAfter) drawn++;
    return drawn >= this.#rule.mostSources(tuning.sources, this.#now);
  }

  /** A peer has this piece. */
  gained(member: SimMember, piece: number): void {
    if (counts(member)) this.#rule.gained(piece, this.#now);
  }

  /** A peer was asked for the piece. */
  asked(member: SimMember, piece: number): void {
    if (member.isAcross && this.#rule.asked(member, piece)) this.#crosses([piece], []);
  }

  /** A peer sent something. */
  served(member: SimMember): void {
    if (!member.isAcross) this.#rule.served(this.#now);
  }

  left(member: SimMember): void {
    if (counts(member)) this.#rule.lost(member.has);
    this.#rule.left(member);
  }

  /** Who has let us down counts no more, and it is said again what crosses. */
  tick(now: number): void {
    for (const member of this.#torrent.members) {
      const isSilent = member.shunnedUntil > now;
      if (member.isAcross || member.isSilent === isSilent) continue;
      member.isSilent = isSilent;
      if (isSilent) this.#rule.lost(member.has);
      else for (const piece of member.has.indexes()) this.#rule.gained(piece, now);
    }
    this.#review();
    this.#crosses(
      this.#rule.renewals(({ isDrawing }) => isDrawing),
      [],
    );
  }

  /** Tells those of the own zone who have peers outside it which pieces cross, and which do no more. */
  #crosses(begun: readonly number[], over: readonly number[]): void {
    if (begun.length + over.length === 0) return;
    const { queue, latency } = this.#torrent.host.world;
    const happen = (): void => {
      for (const { isAcross, other } of this.#torrent.members)
        if (!isAcross) other.torrent.border?.heard(other, begun, over);
    };
    queue.after(latency, { happen });
  }

  heard(member: SimMember, begun: readonly number[], over: readonly number[]): void {
    const { host, fetching } = this.#torrent;
    const isTheirs = member.other.torrent.host.plan.number < host.plan.number;
    let hasYielded = false;
    for (const piece of begun) {
      this.#rule.claimed(member, piece, this.#now);
      if (isTheirs && this.#rule.isCrossing(piece))
        hasYielded = fetching.yield(piece) || hasYielded;
    }
    for (const piece of over) this.#rule.released(member, piece);
    if (!hasYielded) return;
    this.#review();
    fetching.settleAll();
  }

  #review(): void {
    const { fetching, have } = this.#torrent;
    const over = this.#rule.over(
      (piece) => fetching.isComing(piece),
      (piece) => have.has(piece),
    );
    this.#crosses([], over);
  }

  get #now(): number {
    return this.#torrent.host.world.queue.now;
  }
}

/** True for a peer of the zone that gives what it has. */
function counts(member: SimMember): boolean {
  return !member.isAcross && !member.isSilent;
}
