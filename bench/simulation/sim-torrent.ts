import { moreForOutside, wantedOutside, wantedPeers } from '../../src/swarm/peer-search.ts';
import { mostMembers, mostMembersOfOrigin } from '../../src/swarm/torrent.ts';
import { randomInteger } from '../../src/base/random.ts';
import { Bitfield } from '../../src/torrent/bitfield.ts';
import type { Geometry } from '../../src/torrent/geometry.ts';
import type { Blocks } from './blocks.ts';
import { SimBorder } from './sim-border.ts';
import { SimFetching } from './sim-fetching.ts';
import type { SimHost } from './sim-host.ts';
import { SimMember, unchoke } from './sim-member.ts';
import { SimShowing } from './sim-showing.ts';

/** One blob at one host, and its connections: what the product does in `swarm/torrent`. */
export class SimTorrent {
  readonly host: SimHost;
  /** Which blob, and its place on the board. */
  readonly index: number;
  readonly place: number;
  readonly geometry: Geometry;
  readonly blocks: Blocks;
  readonly have: Bitfield;
  /** What all peers were told of. */
  readonly told: Bitfield;
  readonly fetching: SimFetching;
  /** Only an origin's. */
  readonly showing: SimShowing | undefined;
  /** Once a peer outside the zone is known. */
  border: SimBorder | undefined;
  readonly #members: SimMember[] = [];
  /** The places of the peers, in the same order. */
  readonly #peers: Int32Array;
  /** Members whose peer is an origin. */
  readonly #origins: SimMember[] = [];
  /** Pieces that have come since the peers were told last. */
  #fresh: number[] = [];

  constructor(host: SimHost, index: number, geometry: Geometry, blocks: Blocks) {
    const { isOrigin, number } = host.plan;
    this.host = host;
    this.index = index;
    this.place = number * host.world.blobs.length + index;
    this.geometry = geometry;
    this.blocks = blocks;
    this.have = isOrigin ? Bitfield.full(geometry.pieceCount) : new Bitfield(geometry.pieceCount);
    this.told = new Bitfield(geometry.pieceCount);
    this.#peers = new Int32Array(isOrigin ? mostMembersOfOrigin : mostMembers);
    this.fetching = new SimFetching(this);
    this.showing = isOrigin ? new SimShowing(this) : undefined;
  }

  get members(): readonly SimMember[] {
    return this.#members;
  }

  /** After a crash: what was on its way is lost, what was verified is not. */
  restart(): void {
    this.fetching.restart();
    this.#fresh = [];
    this.border = undefined;
    this.host.world.board.hasBorder[this.place] = 0;
    for (const piece of this.have.indexes()) this.told.add(piece);
  }

  /** The tracker told of these hosts. */
  found(hosts: readonly SimHost[]): void {
    for (const host of hosts) {
      if (this.#members.length >= this.#wantedPeers) return;
      const torrent = host.torrents[this.index];
      if (torrent === undefined || host === this.host || !host.isUp || !this.host.isUp) continue;
      if (torrent.#members.length >= torrent.#peers.length) continue;
      if (this.have.isFull && torrent.have.isFull) continue;
      if (this.#isConnectedTo(torrent)) continue;
      const here = new SimMember(this, torrent);
      const there = new SimMember(torrent, this);
      here.other = there;
      there.other = here;
      this.#join(here);
      torrent.#join(there);
      torrent.#introduce(there);
      this.#introduce(here);
    }
  }

  /** The host is down. */
  closeAll(): void {
    for (const member of this.#members.slice()) this.close(member);
    const { board } = this.host.world;
    board.hasTold[this.place] = 0;
    board.isHungry[this.place] = 0;
    board.isTelling[this.place] = 0;
  }

  /** The connection is over, on both sides. */
  close(member: SimMember): void {
    if (member.isClosed) return;
    member.isClosed = true;
    this.#leave(member);
    this.fetching.left(member);
    this.showing?.left(member);
    this.border?.left(member);
    this.host.remove(member);
    member.other.torrent.close(member.other);
    this.host.tellSoon();
  }

  /** An origin has shown us this piece; `learned` comes after the last. */
  shown(member: SimMember, piece: number): void {
    if (!member.has.add(piece)) return;
    this.fetching.gained(piece);
    this.#gained(member, piece);
  }

  /** A peer has more than before. */
  learned(member: SimMember): void {
    if (this.have.isFull) return;
    this.fetching.ask(member);
    if (!this.host.appetite.isFull) this.host.tellSoon();
  }

  verified(piece: number): void {
    this.have.add(piece);
    this.#fresh.push(piece);
    this.host.tellSoon();
    if (this.have.isFull) this.host.completed(this);
  }

  /** Tells all peers what is new, and whether turns are wanted. */
  tell(): void {
    const { board } = this.host.world;
    board.isTelling[this.place] = 0;
    board.tells[this.place] = this.tells + 1;
    this.fetching.tell();
    const fresh = this.#fresh;
    if (fresh.length > 0) {
      this.#fresh = [];
      for (const piece of fresh) {
        this.told.add(piece);
        board.told(piece, this.#peers, this.#members.length);
      }
      this.#hear(fresh);
    }
    const { isHungry } = this.fetching;
    board.hasTold[this.place] = isHungry ? 1 : 0;
    board.isHungry[this.place] = isHungry ? 1 : 0;
    if (isHungry) this.#askForTurns();
    else this.fetching.decline();
  }

  /** How often the peers were told what is new. */
  get tells(): number {
    return this.host.world.board.tells[this.place] ?? 0;
  }

  unchoke(member: SimMember): void {
    const { queue, latency } = this.host.world;
    member.isUnchoked = true;
    member.since = queue.now;
    member.asked = 0;
    member.other.torrent.fetching.offered(member.other);
    queue.after(2 * latency, member.other, unchoke);
  }

  choke(member: SimMember): void {
    member.isUnchoked = false;
    member.since = this.host.world.queue.now;
    member.other.torrent.fetching.choked(member.other);
  }

  tick(now: number): void {
    this.showing?.tick(now);
    if (this.have.isFull) return;
    this.border?.tick(now);
    this.fetching.tick(now);
    this.host.tellSoon();
  }

  /** Those of a peer's pieces that may be fetched from it. */
  fieldOf(member: SimMember): Bitfield {
    return this.border?.fieldOf(member) ?? member.has;
  }

  get #wantedPeers(): number {
    if (this.host.plan.zone === undefined) return wantedPeers;
    let outside = 0;
    for (const { isAcross } of this.#members) if (isAcross) outside++;
    return outside < wantedOutside ? wantedPeers + moreForOutside : wantedPeers;
  }

  #isConnectedTo({ place }: SimTorrent): boolean {
    for (let index = 0; index < this.#members.length; index++)
      if (this.#peers[index] === place) return true;
    return false;
  }

  #join(member: SimMember): void {
    const peer = member.other.torrent;
    const { plan, world } = this.host;
    member.isAcross = plan.zone !== undefined && peer.host.plan.zone !== plan.zone;
    member.index = this.#members.length;
    this.#members.push(member);
    this.#peers[member.index] = peer.place;
    if (peer.showing !== undefined) this.#origins.push(member);
    this.host.add(member);
    if (!member.isAcross || this.have.isFull || this.border !== undefined) return;
    this.border = new SimBorder(this);
    world.board.hasBorder[this.place] = 1;
  }

  #leave(member: SimMember): void {
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      last.index = member.index;
      this.#members[member.index] = last;
      this.#peers[member.index] = last.other.torrent.place;
    }
    const origin = this.#origins.indexOf(member);
    if (origin >= 0) this.#origins.splice(origin, 1);
  }

  /** Tells a new peer what there is here. */
  #introduce(member: SimMember): void {
    const { other } = member;
    const { torrent } = other;
    if (this.showing === undefined) {
      for (const piece of this.told.indexes()) {
        torrent.fetching.gained(piece);
        torrent.#gained(other, piece);
      }
    } else {
      this.showing.introduce(member);
    }
    torrent.learned(other);
  }

  /** A peer has this piece, as its field and the board say already. */
  #gained(member: SimMember, piece: number): void {
    this.border?.gained(member, piece);
    this.showing?.had(member, piece);
  }

  /** What else the news mean to peers: most have been waiting for nothing. */
  #hear(fresh: readonly number[]): void {
    const { isZoned, board } = this.host.world;
    for (const { other } of this.#origins)
      for (const piece of fresh) other.torrent.#gained(other, piece);
    if (isZoned) this.#hearAcross(fresh);
    this.host.askedAgain(this);
    for (let index = 0; index < this.#members.length; index++) {
      const place = this.#peers[index] ?? 0;
      if (board.hasTold[place] !== 0 && board.isTelling[place] === 0)
        this.#members[index]?.other.torrent.host.tellSoon();
    }
  }

  /** Those of the zone that have peers outside it must know what there is in it. */
  #hearAcross(fresh: readonly number[]): void {
    const { hasBorder } = this.host.world.board;
    for (let index = 0; index < this.#members.length; index++) {
      if (hasBorder[this.#peers[index] ?? 0] === 0) continue;
      const other = this.#members[index]?.other;
      if (other !== undefined) for (const piece of fresh) other.torrent.#gained(other, piece);
    }
  }

  /** Those who have a slot to give choose anew. */
  #askForTurns(): void {
    const { board, random } = this.host.world;
    const { hasRoom } = board;
    const count = this.#members.length;
    const from = randomInteger(random, count);
    for (let step = 0; step < count && this.host.lacking > 0; step++) {
      const index = (from + step) % count;
      if (hasRoom[this.#peers[index] ?? 0] === 0) continue;
      const member = this.#members[index];
      if (member === undefined || member.other.isUnchoked) continue;
      const giver = member.other.torrent.host;
      const isInterested = this.fetching.isInterested(member);
      member.other.tell(isInterested, this.tells);
      giver.heard(member.other);
      if (isInterested) giver.decide();
    }
  }
}
