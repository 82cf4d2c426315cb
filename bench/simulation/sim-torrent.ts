import { Bitfield } from '../../src/torrent/bitfield.ts';
import { pieceSize, type Block, type Geometry } from '../../src/torrent/geometry.ts';
import { PiecePicker } from '../../src/torrent/piece-picker.ts';
import { requestDepth } from '../../src/torrent/request-depth.ts';
import { Requests } from '../../src/torrent/requests.ts';
import { Reveal } from '../../src/torrent/reveal.ts';
import { ZoneRule } from '../../src/torrent/zone-rule.ts';
import type { SimHost } from './sim-host.ts';
import { comes, SimMember } from './sim-member.ts';

/** As the product: what a peer may owe, when it has stalled, how many connections a torrent looks for and takes. */
const requestLimit = 512;
const stallAfter = 8_000;
const shunFor = 10_000;
const wantedPeers = 30;
const wantedOutside = 4;
const moreForOutside = 8;
/** A source outside the zone that sent nothing for so long does not keep a host from asking another. */
const quietAfter = 3_000;
const mostMembers = 60;

/** One blob at one host: what the product does in `swarm/torrent`, `swarm/fetching` and `swarm/showing`, without bytes. */
export class SimTorrent {
  readonly host: SimHost;
  readonly index: number;
  readonly geometry: Geometry;
  readonly have: Bitfield;
  /** What all peers were told of. */
  readonly told: Bitfield;
  readonly members: SimMember[] = [];
  readonly #reveal: Reveal | undefined;
  /** What may be fetched from outside the zone, once a peer outside is known. */
  #zoneRule: ZoneRule<SimMember> | undefined;
  #picker: PiecePicker;
  #requests: Requests<SimMember>;
  /** Pieces that have come since the peers were told last. */
  #fresh: number[] = [];

  constructor(host: SimHost, index: number, geometry: Geometry) {
    const { isOrigin } = host.plan;
    const { random, blockLength } = host.world;
    this.host = host;
    this.index = index;
    this.geometry = geometry;
    this.have = isOrigin ? Bitfield.full(geometry.pieceCount) : new Bitfield(geometry.pieceCount);
    this.told = new Bitfield(geometry.pieceCount);
    this.#reveal = isOrigin ? new Reveal(geometry.pieceCount, random) : undefined;
    this.#picker = new PiecePicker(this.have, random);
    this.#requests = this.#newRequests(blockLength);
  }

  get isOrigin(): boolean {
    return this.#reveal !== undefined;
  }

  /** It shows its pieces one by one. */
  get isRevealing(): boolean {
    return this.#isShowing && this.#reveal !== undefined;
  }

  /** After a crash: what was on its way is lost, what was verified is not. */
  restart(): void {
    const { random, blockLength } = this.host.world;
    this.#picker = new PiecePicker(this.have, random);
    this.#requests = this.#newRequests(blockLength);
    this.#fresh = [];
    this.#zoneRule = undefined;
    for (const piece of this.have.indexes()) this.told.add(piece);
  }

  /** The tracker told of these hosts. */
  found(hosts: readonly SimHost[]): void {
    for (const host of hosts) {
      if (this.members.length >= this.#wantedPeers) return;
      const torrent = host.torrents[this.index];
      if (torrent === undefined || host === this.host || !host.isUp || !this.host.isUp) continue;
      if (torrent.members.length >= mostMembers) continue;
      if (this.have.isFull && torrent.have.isFull) continue;
      if (this.members.some((member) => member.other.torrent === torrent)) continue;
      const here = new SimMember(this, torrent);
      const there = new SimMember(torrent, this);
      here.other = there;
      there.other = here;
      here.isAcross = this.#isAcross(torrent);
      there.isAcross = torrent.#isAcross(this);
      this.#join(here);
      torrent.#join(there);
      torrent.#introduce(there);
      this.#introduce(here);
    }
  }

  get #wantedPeers(): number {
    if (this.host.plan.zone === undefined) return wantedPeers;
    let outside = 0;
    for (const { isAcross } of this.members) if (isAcross) outside++;
    return outside < wantedOutside ? wantedPeers + moreForOutside : wantedPeers;
  }

  #join(member: SimMember): void {
    this.members.push(member);
    this.host.add(member);
    if (member.isAcross && !this.have.isFull) this.#keepZoneRule();
  }

  /** Tells a new peer what there is here. */
  #introduce({ other }: SimMember): void {
    const { torrent } = other;
    if (this.isOrigin && !this.isRevealing)
      for (const piece of this.have.indexes()) torrent.#learn(other, piece);
    else if (!this.isOrigin) for (const piece of this.told.indexes()) torrent.#hasGot(other, piece);
    return torrent.#learned(other);
  }

  /** The connection is over, on both sides. */
  close(member: SimMember): void {
    if (member.isClosed) return;
    member.isClosed = true;
    this.members.splice(this.members.indexOf(member), 1);
    this.#discount(member);
    this.#picker.left(member.has);
    if (!member.isAcross && !member.isSilent) this.#zoneRule?.lost(member.has);
    this.#zoneRule?.left(member);
    this.#requests.forget(member);
    this.host.remove(member);
    member.other.torrent.close(member.other);
    this.host.tellSoon();
  }

  /** The origin has this piece; `#learned` comes after the last. */
  #learn(member: SimMember, piece: number): void {
    if (member.has.add(piece)) this.#hasGot(member, piece);
  }

  #isAcross({ host }: SimTorrent): boolean {
    const { zone } = this.host.plan;
    return zone !== undefined && host.plan.zone !== zone;
  }

  #keepZoneRule(): void {
    if (this.#zoneRule !== undefined) return;
    const { now } = this.host.world.queue;
    this.#zoneRule = new ZoneRule(this.geometry.pieceCount, now);
    for (const { isAcross, isSilent, has } of this.members)
      if (!isAcross && !isSilent)
        for (const piece of has.indexes()) this.#zoneRule.gained(piece, now);
  }

  /** Those of a peer's pieces that may be fetched from it. */
  #fieldOf(member: SimMember): Bitfield {
    if (!member.isAcross || this.#zoneRule === undefined) return member.has;
    return this.#zoneRule.crossing(member.has, this.host.world.queue.now);
  }

  /** Tells those of the own zone who have peers outside it which pieces cross, and which do no more. */
  #crosses(begun: readonly number[], over: readonly number[] = []): void {
    if (begun.length + over.length === 0) return;
    const { queue, latency } = this.host.world;
    const happen = (): void => {
      for (const { isAcross, other } of this.members)
        if (!isAcross) other.torrent.#heard(other, begun, over);
    };
    queue.after(latency, { happen });
  }

  #heard(member: SimMember, begun: readonly number[], over: readonly number[]): void {
    const rule = this.#zoneRule;
    if (rule === undefined) return;
    const isTheirs = member.other.torrent.host.plan.number < this.host.plan.number;
    let hasYielded = false;
    for (const piece of begun) {
      rule.claimed(member, piece, this.host.world.queue.now);
      if (isTheirs && rule.isCrossing(piece))
        hasYielded = this.#requests.yield(piece) || hasYielded;
    }
    for (const piece of over) rule.released(member, piece);
    if (hasYielded) this.#review(rule);
    if (hasYielded) for (const one of this.members) this.#settled(one);
  }

  #review(rule: ZoneRule<SimMember>): void {
    const over = rule.over(
      (piece) => this.#requests.isComing(piece),
      (piece) => this.have.has(piece),
    );
    this.#crosses([], over);
  }

  /** Enough is drawn from outside the zone, where `member` stands. */
  #isAcrossFull(member: SimMember): boolean {
    const { torrent } = member.other;
    if (!member.isAcross || this.#zoneRule === undefined || torrent.isRevealing) return false;
    const { queue, tuning } = this.host.world;
    let drawn = 0;
    for (const { isAcross, isDrawing, heardAt } of this.members)
      if (isAcross && isDrawing && queue.now - heardAt < quietAfter) drawn++;
    return drawn >= this.#zoneRule.mostSources(tuning.sources, queue.now);
  }

  /** Each second: who has let us down counts no more, and it is said again what crosses. */
  #keepClaims(now: number): void {
    const rule = this.#zoneRule;
    if (rule === undefined) return;
    for (const member of this.members) {
      const isSilent = member.shunnedUntil > now;
      if (member.isAcross || member.isSilent === isSilent) continue;
      member.isSilent = isSilent;
      if (isSilent) rule.lost(member.has);
      else for (const piece of member.has.indexes()) rule.gained(piece, now);
    }
    this.#review(rule);
    this.#crosses(rule.renewals(({ isDrawing }) => isDrawing));
  }

  /** A peer has this piece, as its field says already; `#learned` comes after the last. */
  #hasGot(member: SimMember, piece: number): void {
    if (!member.isAcross && !member.isSilent)
      this.#zoneRule?.gained(piece, this.host.world.queue.now);
    if (this.#reveal !== undefined) {
      this.#reveal.had(piece, member.host, this.host.world.queue.now);
      if (member.other.has.has(piece)) member.owns++;
    } else if (!this.have.isFull) this.#picker.gained(piece);
  }

  #learned(member: SimMember): void {
    if (this.have.isFull) return;
    if (!member.isChoking) this.#ask(member);
    if (!member.amInterested && !this.host.appetite.isFull) this.host.tellSoon();
  }

  /** Tells all peers what is new, and whose turn is wanted. */
  tell(): void {
    const fresh = this.#fresh;
    if (fresh.length > 0) this.#fresh = [];
    const { now } = this.host.world.queue;
    for (const piece of fresh) this.told.add(piece);
    for (const member of this.members) {
      const { other } = member;
      const { torrent } = other;
      let isTold = false;
      for (const piece of fresh) {
        if (member.has.has(piece) && !torrent.isRevealing) continue;
        torrent.#hasGot(other, piece);
        isTold = true;
      }
      if (isTold) torrent.#learned(other);
      if (member.isCounted && member.giving.isSlow(now)) this.#discount(member);
      this.#setInterest(member);
    }
  }

  #setInterest(member: SimMember): void {
    const isInterested = this.#isInterested(member);
    if (member.amInterested === isInterested) return;
    member.amInterested = isInterested;
    member.other.peerIsInterested = isInterested;
    member.other.torrent.host.interestChanged(member.other);
  }

  #isInterested(member: SimMember): boolean {
    if (this.have.isFull) return false;
    if (member.isDrawing) return true;
    const { now } = this.host.world.queue;
    if (this.host.appetite.isFull || member.shunnedUntil > now) return false;
    if (this.#isAcrossFull(member)) return false;
    return (
      member.other.torrent.isRevealing || this.#requests.wants(member, this.#fieldOf(member), now)
    );
  }

  /** False for an origin that has nothing to show a peer now, and has shown it nothing that it lacks. */
  hasFor(member: SimMember): boolean {
    if (this.#reveal === undefined || this.#reveal.isOver || member.isServed) return true;
    const { now } = this.host.world.queue;
    const shown = member.other.has;
    return member.owns < shown.count || this.#reveal.hasNext(member.has, shown, now);
  }

  unchoke(member: SimMember): void {
    const { queue, latency } = this.host.world;
    member.isUnchoked = true;
    member.since = queue.now;
    member.asked = 0;
    queue.after(2 * latency, member.other, comes.unchoke);
  }

  choke(member: SimMember): void {
    member.isUnchoked = false;
    member.since = this.host.world.queue.now;
    const { other } = member;
    if (other.isChoking) return;
    other.isChoking = true;
    other.torrent.#requests.release(other);
  }

  unchoked(member: SimMember): void {
    if (!member.other.isUnchoked) return;
    member.isChoking = false;
    if (member.isDrawing || !this.host.appetite.isFull) this.#ask(member);
    // It has come too late: the turn is another's.
    this.#setInterest(member);
    if (!member.amInterested) this.host.tellSoon();
  }

  #ask(member: SimMember): void {
    const { queue, blockLength } = this.host.world;
    const { now } = queue;
    if (member.isChoking || member.shunnedUntil > now || this.have.isFull) return;
    if (!member.isDrawing && this.#isAcrossFull(member)) return;
    const rate = member.pace.rate;
    const depth = requestDepth(rate, this.geometry.pieceLength, blockLength, requestLimit);
    const before = this.#requests.outstanding(member);
    if (before > depth * 0.75) return;
    let asked = 0;
    // Whole pieces, so that none is left half done when the turn ends.
    for (let isAmidst = false; before + asked < depth || isAmidst;) {
      const block =
        this.#requests.next(member, this.#fieldOf(member), now) ??
        (member.other.torrent.#show(member.other)
          ? this.#requests.next(member, this.#fieldOf(member), now)
          : undefined);
      if (block === undefined) break;
      asked++;
      if (member.isAcross && this.#zoneRule?.asked(member, block.piece) === true)
        this.#crosses([block.piece]);
      isAmidst = block.begin + block.length < this.sizeOf(block.piece);
      member.other.queue.push(block);
      member.other.taking.begin(now);
      member.other.asked += block.length;
    }
    if (asked === 0) return;
    if (!member.isDrawing) {
      member.isDrawing = true;
      member.giving.begin(now);
      if (!member.giving.isSlow(now)) {
        member.isCounted = true;
        this.host.appetite.began();
      }
      member.heardAt = now;
      member.pace.resume(now);
    }
    const { host } = member.other.torrent;
    host.uplink.consider(member.other);
    if (member.other.asked >= member.other.grant) host.decide();
  }

  arrived(member: SimMember, block: Block): void {
    const { now } = this.host.world.queue;
    const arrival = this.#requests.arrived(member, block, now);
    if (arrival.kind !== 'wanted') {
      this.host.wastedBytes += block.length;
    } else {
      member.heardAt = now;
      if (!member.isAcross) this.#zoneRule?.served(now);
      member.pace.came(block.length, now);
      member.giving.passed(block.length, now);
      for (const other of arrival.cancel) this.#cancel(other, block);
      if (arrival.complete) this.#verified(block.piece);
    }
    if (arrival.kind === 'unasked') return;
    this.#ask(member);
    this.#settled(member);
  }

  /** What a member owed has become less. */
  #settled(member: SimMember): void {
    if (!member.isDrawing || this.#requests.outstanding(member) > 0) return;
    member.isDrawing = false;
    member.giving.end(this.host.world.queue.now);
    this.#discount(member);
    this.host.tellSoon();
  }

  #discount(member: SimMember): void {
    if (!member.isCounted) return;
    member.isCounted = false;
    this.host.appetite.ended();
  }

  #newRequests(blockLength: number): Requests<SimMember> {
    const cancel = (member: SimMember, block: Block): void => this.#cancel(member, block);
    const picker = this.#picker;
    const isAnyLeft = (): boolean =>
      this.#zoneRule?.isAnyFree(picker, this.host.world.queue.now) ?? picker.openCount > 0;
    return new Requests(this.geometry, picker, () => true, cancel, blockLength, isAnyLeft);
  }

  #cancel(member: SimMember, { piece, begin }: Block): void {
    const { queue } = member.other;
    const place = queue.findIndex((block) => block.piece === piece && block.begin === begin);
    if (place >= 0) queue.splice(place, 1);
    this.#ask(member);
    this.#settled(member);
  }

  #verified(piece: number): void {
    this.#requests.verified(piece);
    this.have.add(piece);
    this.#fresh.push(piece);
    this.host.tellSoon();
    if (this.have.isFull) this.host.completed(this);
  }

  tick(now: number): void {
    if (this.#reveal?.isDone(now) === true) this.#showAll();
    if (this.have.isFull) return;
    for (const member of this.members) {
      const { heardAt } = member;
      if (!member.isDrawing || now - heardAt <= stallAfter) continue;
      this.#requests.takeBack(member);
      this.#settled(member);
      member.other.queue.length = 0;
      member.shunnedUntil = now + shunFor;
    }
    this.#keepClaims(now);
    for (const member of this.members) this.#ask(member);
    this.host.tellSoon();
  }

  /** Shows a peer that has its turn one piece more; false when there is none. */
  #show(member: SimMember): boolean {
    const { now } = this.host.world.queue;
    if (this.#reveal === undefined || this.#reveal.isOver) return false;
    const piece = this.#reveal.next(member.has, member.other.has, now);
    if (piece === undefined) return false;
    member.other.torrent.#learn(member.other, piece);
    return true;
  }

  #showAll(): void {
    if (!this.#isShowing) return;
    this.#isShowing = false;
    for (const member of this.members) this.#introduce(member);
  }

  #isShowing = true;

  /** The size of a piece in bytes. */
  sizeOf(piece: number): number {
    return pieceSize(this.geometry, piece);
  }
}
