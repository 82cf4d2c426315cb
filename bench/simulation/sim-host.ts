import { Appetite } from '../../src/torrent/appetite.ts';
import type { Block } from '../../src/torrent/geometry.ts';
import { decideSlots } from '../../src/torrent/upload-slots.ts';
import { TurnTimes } from '../../src/torrent/turn-times.ts';
import type { Zone } from '../../src/torrent/zone.ts';
import type { Happening } from './event-queue.ts';
import { Link } from './link.ts';
import type { World } from './model.ts';
import { comes, type SimMember } from './sim-member.ts';
import { SimTorrent } from './sim-torrent.ts';
import { Turns } from './turns.ts';
import { Uplink } from './uplink.ts';
import type { ZoneLinks } from './zone-links.ts';

const timers = { tell: 0, tick: 1 } as const;
const tickEvery = 1_000;

export interface HostPlan {
  readonly number: number;
  readonly isOrigin: boolean;
  /** Bytes a millisecond, each way. */
  readonly rate: number;
  readonly zone: Zone | undefined;
  /** The links between zones; undefined when they are no thinner than others. */
  readonly zoneLinks: ZoneLinks | undefined;
}

/** A host: its link, whom it serves over all its torrents, and when it tells its peers what is new. */
export class SimHost implements Happening {
  readonly plan: HostPlan;
  readonly world: World;
  readonly uplink: Uplink;
  readonly appetite: Appetite;
  /** What turns usually take: of those who are served, and of those who serve us. */
  readonly takings = new TurnTimes();
  readonly givings = new TurnTimes();
  readonly torrents: SimTorrent[] = [];
  readonly members: SimMember[] = [];
  readonly #turns: Turns;
  isUp = false;
  completeAt: number | undefined;
  /** Bytes of blocks. */
  sentBytes = 0;
  /** Bytes that came from other zones. */
  crossedBytes = 0;
  wastedBytes = 0;
  readonly #downlink: Link;
  #toldAt = -Infinity;
  #isTelling = false;
  #isDeciding = false;
  /** All slots are taken, and nobody's turn is over. */
  #isSettled = false;
  /** How often it was started. */
  #life = 0;

  constructor(plan: HostPlan, world: World) {
    this.plan = plan;
    this.world = world;
    this.#turns = new Turns(world.tuning.slots, plan.isOrigin || world.blobs.length > 1);
    this.uplink = new Uplink(this, plan.rate);
    this.#downlink = new Link(plan.rate);
    this.appetite = new Appetite(world.tuning.sources);
    for (const [index, geometry] of world.blobs.entries())
      this.torrents.push(new SimTorrent(this, index, geometry));
  }

  get isComplete(): boolean {
    return this.torrents.every((torrent) => torrent.have.isFull);
  }

  start(): void {
    this.isUp = true;
    this.#life++;
    if (!this.plan.isOrigin)
      for (const torrent of this.torrents)
        if (!torrent.have.isFull) this.world.tracker.began(torrent, this.#life);
    this.world.queue.after(tickEvery * this.world.random(), this, timers.tick);
  }

  /** It dies without a word; what it has stays on its disk. */
  kill(): void {
    this.isUp = false;
    this.#isTelling = false;
    for (const member of this.members.slice()) member.torrent.close(member);
  }

  get life(): number {
    return this.#life;
  }

  restart(): void {
    for (const torrent of this.torrents) torrent.restart();
    this.start();
  }

  completed(torrent: SimTorrent): void {
    this.world.tracker.completed(torrent);
    if (!this.isComplete || this.completeAt !== undefined) return;
    this.completeAt = this.world.queue.now;
    this.world.completed(this);
  }

  add(member: SimMember): void {
    this.members.push(member);
  }

  remove(member: SimMember): void {
    const place = this.members.indexOf(member);
    if (place >= 0) this.members.splice(place, 1);
    this.#turns.remove(member);
    this.decide();
  }

  happen(kind: number): void {
    if (!this.isUp) return;
    if (kind === timers.tell) {
      this.#isTelling = false;
      this.#toldAt = this.world.queue.now;
      for (const torrent of this.torrents) torrent.tell();
      return;
    }
    const { now } = this.world.queue;
    for (const torrent of this.torrents) torrent.tick(now);
    this.decide();
    if (!this.isComplete || this.plan.isOrigin)
      this.world.queue.after(tickEvery, this, timers.tick);
  }

  /** There is something to tell: soon, since it is told with whatever else comes up. */
  tellSoon(): void {
    if (this.#isTelling || !this.isUp) return;
    this.#isTelling = true;
    const { queue, latency, tuning } = this.world;
    queue.at(
      Math.max(queue.now, this.#toldAt - latency + tuning.tick) + latency,
      this,
      timers.tell,
    );
  }

  /** A block went out to a member. */
  sent(member: SimMember, block: Block): void {
    const { queue, latency } = this.world;
    this.sentBytes += block.length;
    const to = member.other.torrent.host;
    let at = queue.now + latency;
    if (to.plan.zone !== this.plan.zone) {
      to.crossedBytes += block.length;
      at = this.plan.zoneLinks?.out.pass(block.length, at) ?? at;
      at = to.plan.zoneLinks?.in.pass(block.length, at) ?? at;
    }
    queue.at(to.#downlink.pass(block.length, at), member.other, comes.block);
    member.taking.passed(block.length, queue.now);
    if (member.queue.length === 0) {
      member.taking.end(queue.now);
      member.idleAt = queue.now;
      this.decide();
    }
  }

  interestChanged(member: SimMember): void {
    if (!member.peerIsInterested) {
      this.#turns.leaves(member);
      if (member.isUnchoked) this.decide();
      return;
    }
    this.#turns.wants(member);
    // Most of the time all slots are taken by those whose turn has just begun: then nothing changes.
    if (!this.#isSettled) this.decide();
  }

  /** Decides anew whom to serve. */
  decide(): void {
    if (this.#isDeciding || !this.isUp) return;
    this.#isDeciding = true;
    const { queue, tuning } = this.world;
    const { choke, unchoke } = decideSlots(this.#turns.candidates(), tuning.slots, queue.now);
    for (const member of choke) member.torrent.choke(member);
    for (const member of unchoke) {
      this.#turns.unchoked(member);
      member.torrent.unchoke(member);
    }
    this.#isDeciding = false;
    this.#isSettled = this.#turns.isSettled;
  }
}
