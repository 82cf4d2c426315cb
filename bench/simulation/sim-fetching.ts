import { quietAfter, shunFor, stallAfter } from '../../src/swarm/fetching.ts';
import { requestLimit } from '../../src/swarm/peer.ts';
import type { Block } from '../../src/torrent/geometry.ts';
import { PiecePicker } from '../../src/torrent/piece-picker.ts';
import { refillBelow, requestDepth } from '../../src/torrent/request-depth.ts';
import { Requests } from '../../src/torrent/requests.ts';
import type { SimMember } from './sim-member.ts';
import type { SimTorrent } from './sim-torrent.ts';

/** What a host fetches of a blob: what the product does in `swarm/fetching`, without bytes. */
export class SimFetching {
  readonly #torrent: SimTorrent;
  #picker: PiecePicker;
  #requests: Requests<SimMember>;
  /** Those who have us unchoked, or whose word of it is on its way; those who owe us blocks. */
  readonly #givers: SimMember[] = [];
  readonly #drawing: SimMember[] = [];

  constructor(torrent: SimTorrent) {
    this.#torrent = torrent;
    this.#picker = this.#newPicker();
    this.#requests = this.#newRequests();
  }

  /** After a crash: what was on its way is lost. */
  restart(): void {
    this.#picker = this.#newPicker();
    this.#requests = this.#newRequests();
  }

  /** The peer wants us to be served by it: looked at when it chooses, so that there is no message about it. */
  isInterested(member: SimMember): boolean {
    if (member.isDrawing) return true;
    const { place, host } = this.#torrent;
    return host.world.board.isHungry[place] !== 0 && this.#wants(member);
  }

  get isHungry(): boolean {
    const { host, have } = this.#torrent;
    return host.isUp && !have.isFull && host.lacking > 0;
  }

  /** A peer has one piece more, which it told us alone. */
  gained(piece: number): void {
    this.#picker.gained(piece);
  }

  /** Who has become slow does not count any more. */
  tell(): void {
    const { now } = this.#torrent.host.world.queue;
    for (const member of this.#drawing) if (member.giving.isSlow(now)) this.#discount(member);
  }

  /** Those whose turns we do not want any more hear of it. */
  decline(): void {
    for (const member of this.#givers.slice())
      if (!member.isDrawing) member.other.torrent.host.decide();
  }

  /** The peer has us unchoked; we hear of it later. */
  offered(member: SimMember): void {
    this.#givers.push(member);
    member.isOffered = true;
    this.#torrent.host.offers++;
    this.#torrent.host.appetiteChanged();
  }

  unchoked(member: SimMember): void {
    if (!member.other.isUnchoked) return;
    this.#heardOffer(member);
    member.isChoking = false;
    this.ask(member);
    // If it comes too late, and enough others have been asked, the turn is another's.
    this.#declineUnlessWanted(member);
  }

  choked(member: SimMember): void {
    drop(this.#givers, member);
    this.#heardOffer(member);
    if (member.isChoking) return;
    member.isChoking = true;
    this.#requests.release(member);
  }

  ask(member: SimMember): void {
    const { host, have, geometry, blocks, border } = this.#torrent;
    const { queue, blockLength } = host.world;
    const { now } = queue;
    if (member.isChoking || member.shunnedUntil > now || have.isFull) return;
    if (!member.isDrawing && (host.appetite.isFull || border?.isFull(member) === true)) return;
    const depth = requestDepth(member.pace.rate, geometry.pieceLength, blockLength, requestLimit);
    const before = this.#requests.outstanding(member);
    if (before > depth * refillBelow) return;
    const { other } = member;
    let asked = 0;
    // Whole pieces, so that none is left half done when the turn ends.
    for (let isAmidst = false; before + asked < depth || isAmidst;) {
      const block = this.#next(member, now);
      if (block === undefined) break;
      asked++;
      border?.asked(member, block.piece);
      isAmidst = !blocks.isLast(block);
      other.queue.push(blocks.numberOf(block));
      other.asked += block.length;
    }
    if (before + asked === 0) this.#declineUnlessWanted(member);
    if (asked === 0) return;
    other.taking.begin(now);
    if (!member.isDrawing) this.#begins(member, now);
    const giver = other.torrent.host;
    giver.uplink.consider(other);
    if (other.asked >= other.grant) giver.reconsider();
  }

  /** All who have us unchoked may be asked for more. */
  askAll(): void {
    for (const member of this.#givers.slice()) this.ask(member);
  }

  arrived(member: SimMember, number: number): void {
    const { host, blocks, border } = this.#torrent;
    const { now } = host.world.queue;
    const block = blocks.block(number);
    const arrival = this.#requests.arrived(member, block, now);
    if (arrival.kind !== 'wanted') {
      host.wastedBytes += block.length;
    } else {
      member.heardAt = now;
      border?.served(member);
      if (member.isDrawing) this.#counts(member, now);
      member.pace.came(block.length, now);
      member.giving.passed(block.length, now);
      for (const other of arrival.cancel) this.#cancel(other, block);
      if (arrival.complete) this.#verified(block.piece);
    }
    if (arrival.kind === 'unasked') return;
    this.ask(member);
    this.#settled(member);
  }

  tick(now: number): void {
    for (const member of this.#drawing.slice()) {
      if (now - member.heardAt <= quietAfter) continue;
      this.#discount(member);
      if (now - member.heardAt <= stallAfter) continue;
      this.#requests.takeBack(member);
      member.other.queue.length = 0;
      member.shunnedUntil = now + shunFor;
      this.#settled(member);
    }
    this.askAll();
  }

  /** Another host of the zone fetches the piece; false when half of it is here. */
  yield(piece: number): boolean {
    return this.#requests.yield(piece);
  }

  /** True when somebody goes on with the piece. */
  isComing(piece: number): boolean {
    return this.#requests.isComing(piece);
  }

  settleAll(): void {
    for (const member of this.#drawing.slice()) this.#settled(member);
  }

  left(member: SimMember): void {
    this.#heardOffer(member);
    drop(this.#givers, member);
    drop(this.#drawing, member);
    this.#discount(member);
    this.#picker.left(member.has);
    this.#requests.forget(member);
  }

  #heardOffer(member: SimMember): void {
    if (!member.isOffered) return;
    member.isOffered = false;
    this.#torrent.host.offers--;
    this.#torrent.host.appetiteChanged();
  }

  #wants(member: SimMember): boolean {
    const { now } = this.#torrent.host.world.queue;
    if (member.shunnedUntil > now || this.#torrent.border?.isFull(member) === true) return false;
    const { showing } = member.other.torrent;
    if (showing?.isRevealing === true && member.isChoking) return true;
    return this.#requests.wants(member, this.#torrent.fieldOf(member), now);
  }

  /** Who has nothing to ask for gives its turn back. */
  #declineUnlessWanted(member: SimMember): void {
    if (member.isDrawing || (this.isHungry && this.#wants(member))) return;
    const { other } = member;
    const { tells } = this.#torrent;
    if (other.toldAt === tells && !other.wants) return;
    other.tell(false, tells);
    other.torrent.host.decide();
  }

  /** The next block to ask of a peer: an origin shows one that has its turn as much as it asks for. */
  #next(member: SimMember, now: number): Block | undefined {
    const block = this.#requests.next(member, this.#torrent.fieldOf(member), now);
    if (block !== undefined || member.other.torrent.showing?.show(member.other) !== true)
      return block;
    return this.#requests.next(member, this.#torrent.fieldOf(member), now);
  }

  #begins(member: SimMember, now: number): void {
    member.isDrawing = true;
    member.other.tell(true, this.#torrent.tells);
    this.#drawing.push(member);
    member.giving.begin(now);
    this.#counts(member, now);
    member.heardAt = now;
    member.pace.resume(now);
  }

  #counts(member: SimMember, now: number): void {
    if (member.isCounted || member.giving.isSlow(now)) return;
    member.isCounted = true;
    this.#torrent.host.appetite.began();
    this.#torrent.host.appetiteChanged();
  }

  #discount(member: SimMember): void {
    if (!member.isCounted) return;
    member.isCounted = false;
    this.#torrent.host.appetite.ended();
    this.#torrent.host.appetiteChanged();
    this.#torrent.host.tellSoon();
  }

  /** What a member owes has become less. */
  #settled(member: SimMember): void {
    if (!member.isDrawing || this.#requests.outstanding(member) > 0) return;
    member.isDrawing = false;
    drop(this.#drawing, member);
    member.giving.end(this.#torrent.host.world.queue.now);
    this.#discount(member);
    this.#torrent.host.tellSoon();
  }

  #cancel(member: SimMember, block: Block): void {
    const { queue } = member.other;
    const place = queue.indexOf(this.#torrent.blocks.numberOf(block));
    if (place >= 0) queue.splice(place, 1);
    this.ask(member);
    this.#settled(member);
  }

  #verified(piece: number): void {
    this.#requests.verified(piece);
    this.#torrent.verified(piece);
  }

  #newPicker(): PiecePicker {
    const { have, host, place } = this.#torrent;
    return new PiecePicker(have, host.world.random, host.world.board.availability(place));
  }

  #newRequests(): Requests<SimMember> {
    const { geometry, host } = this.#torrent;
    const cancel = (member: SimMember, block: Block): void => this.#cancel(member, block);
    const picker = this.#picker;
    const isAnyLeft = (): boolean =>
      this.#torrent.border?.isAnyFree(picker) ?? picker.openCount > 0;
    const { blockLength } = host.world;
    return new Requests(geometry, picker, { cancel, blockLength, isAnyLeft });
  }
}

/** Takes one of a few out. */
function drop(members: SimMember[], member: SimMember): void {
  const place = members.indexOf(member);
  if (place < 0) return;
  const last = members.pop();
  if (last !== undefined && last !== member) members[place] = last;
}
