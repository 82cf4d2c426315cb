import { decideSlots, waitersNeeded } from '../../src/torrent/upload-slots.ts';
import type { SimHost } from './sim-host.ts';
import type { SimMember } from './sim-member.ts';
import type { SimTorrent } from './sim-torrent.ts';
import { WaitingLine } from './waiting-line.ts';

/**
 * Whom a host serves, over all its torrents: what the product does in `swarm/slot-keeper`. It is decided several times for each
 * piece, so only those are looked at whom it can concern: the unchoked and served, and of those who wait the first.
 */
export class SimSlots {
  readonly #host: SimHost;
  /** Unchoked or still served; and some who were so until just now. */
  readonly #busy: SimMember[] = [];
  readonly #line: WaitingLine;
  readonly #candidates: SimMember[] = [];
  #isDeciding = false;

  constructor(host: SimHost) {
    this.#host = host;
    this.#line = new WaitingLine(host.world.board);
  }

  add(member: SimMember): void {
    this.#line.push(member);
  }

  remove(member: SimMember): void {
    this.#line.remove(member);
    const place = this.#busy.indexOf(member);
    if (place >= 0) this.#busy.splice(place, 1);
    this.reconsider();
  }

  /** A turn may be over, or a slot free: of no matter when nobody waits. */
  reconsider(): void {
    if (this.#line.isAnyHungry) this.decide();
    else this.#setRoom(true);
  }

  decide(): void {
    const { isUp, world, plan } = this.#host;
    if (this.#isDeciding || !isUp) return;
    this.#isDeciding = true;
    const { queue, tuning, blobs } = world;
    this.#refresh(queue.now);
    const candidates = this.#candidates;
    candidates.length = 0;
    for (const member of this.#busy) candidates.push(member);
    // Hosts with several connections get as much as others, and so do zones of an origin: then all must be looked at.
    const needsAll = blobs.length > 1 || (plan.isOrigin && world.isZoned);
    const most = needsAll ? Infinity : waitersNeeded(this.#busy, tuning.slots, queue.now);
    this.#line.choose(candidates, most);
    const { choke, unchoke } = decideSlots(candidates, tuning.slots, queue.now);
    for (const member of choke) {
      member.torrent.choke(member);
      this.#line.push(member);
    }
    for (const member of unchoke) this.#unchoke(member);
    this.#isDeciding = false;
    this.#showRoom();
  }

  /** A peer that waits has told something. */
  heard(member: SimMember): void {
    this.#line.heard(member);
  }

  askedAgain(torrent: SimTorrent): void {
    for (const { isUnchoked, torrent: own, other } of this.#busy.slice())
      if (isUnchoked && own === torrent && !other.isDrawing) other.torrent.fetching.ask(other);
  }

  #unchoke(member: SimMember): void {
    this.#line.remove(member);
    member.torrent.unchoke(member);
    if (member.isBusy) return;
    member.isBusy = true;
    this.#busy.push(member);
  }

  #refresh(now: number): void {
    let count = 0;
    for (const member of this.#busy) {
      member.isBusy = member.isUnchoked || member.isServed;
      if (!member.isBusy) continue;
      member.refresh(now);
      this.#busy[count++] = member;
    }
    this.#busy.length = count;
  }

  /** Peers that begin to want something need not be heard while all slots are taken by those whose turn has just begun. */
  #showRoom(): void {
    const { world } = this.#host;
    let taken = 0;
    let isOver = false;
    for (const member of this.#busy) {
      if (member.isUnchoked && member.asked >= member.grant) isOver = true;
      if ((member.isUnchoked || member.isServed) && !member.isSlow) taken++;
    }
    this.#setRoom(isOver || taken < world.tuning.slots);
  }

  #setRoom(hasRoom: boolean): void {
    const { torrents, world } = this.#host;
    for (const { place } of torrents) world.board.hasRoom[place] = hasRoom ? 1 : 0;
  }
}
