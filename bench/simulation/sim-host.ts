import { tickEvery } from '../../src/swarm/swarm.ts';
import { Appetite } from '../../src/torrent/appetite.ts';
import { TurnTimes } from '../../src/torrent/turn-times.ts';
import type { Zone } from '../../src/torrent/zone.ts';
import type { Happening } from './event-queue.ts';
import { Link } from './link.ts';
import type { World } from './model.ts';
import type { SimMember } from './sim-member.ts';
import { SimSlots } from './sim-slots.ts';
import { SimTorrent } from './sim-torrent.ts';
import { Uplink } from './uplink.ts';
import type { ZoneLinks } from './zone-links.ts';

const timers = { tell: 0, tick: 1 } as const;

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
  readonly #slots: SimSlots;
  isUp = false;
  completeAt: number | undefined;
  /** Bytes of blocks. */
  sentBytes = 0;
  /** Bytes that came from other zones. */
  crossedBytes = 0;
  wastedBytes = 0;
  /** Turns that it was given and has not heard of yet. */
  offers = 0;
  readonly #downlink: Link;
  #isTelling = false;
  #toldAt = -Infinity;
  /** How often it was started. */
  #life = 0;

  constructor(plan: HostPlan, world: World) {
    this.plan = plan;
    this.world = world;
    this.#slots = new SimSlots(this);
    this.uplink = new Uplink(this, plan.rate);
    this.#downlink = new Link(plan.rate);
    this.appetite = new Appetite(world.tuning.sources);
    for (const [index, { geometry, blocks }] of world.blobs.entries())
      this.torrents.push(new SimTorrent(this, index, geometry, blocks));
  }

  get isComplete(): boolean {
    for (const { have } of this.torrents) if (!have.isFull) return false;
    return true;
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
    for (const torrent of this.torrents) torrent.closeAll();
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
    this.world.completed();
  }

  add(member: SimMember): void {
    this.#slots.add(member);
  }

  remove(member: SimMember): void {
    this.#slots.remove(member);
  }

  happen(kind: number): void {
    if (!this.isUp) return;
    if (kind === timers.tell) this.#tell();
    else this.#tick();
  }

  /** There is something to tell: soon, since it is told with whatever else comes up. */
  tellSoon(): void {
    const { queue, latency, tuning, board } = this.world;
    if (!this.isUp || this.#isTelling) return;
    this.#isTelling = true;
    for (const { place } of this.torrents) board.isTelling[place] = 1;
    queue.at(
      Math.max(queue.now, this.#toldAt - latency + tuning.tick) + latency,
      this,
      timers.tell,
    );
  }

  /** How many more peers it would draw from, those aside whose offers are on their way. */
  get lacking(): number {
    return this.world.tuning.sources - this.appetite.sources - this.offers;
  }

  /** It draws from more peers, or fewer: while it wants no turns of what it told, peers that look for somebody to serve see it. */
  appetiteChanged(): void {
    const { board } = this.world;
    const lacks = this.lacking > 0 ? 1 : 0;
    for (const { place } of this.torrents)
      board.isHungry[place] = lacks & (board.hasTold[place] ?? 0);
  }

  /** A block went out to a member. */
  sent(member: SimMember, block: number): void {
    const { queue, latency, isZoned } = this.world;
    const bytes = member.torrent.blocks.bytes(block);
    this.sentBytes += bytes;
    const to = member.other.torrent.host;
    let at = queue.now + latency;
    if (isZoned && to.plan.zone !== this.plan.zone) {
      to.crossedBytes += bytes;
      at = this.plan.zoneLinks?.out.pass(bytes, at) ?? at;
      at = to.plan.zoneLinks?.in.pass(bytes, at) ?? at;
    }
    queue.at(to.#downlink.pass(bytes, at), member.other, block);
    member.taking.passed(bytes, queue.now);
    if (member.isServed) return;
    member.taking.end(queue.now);
    member.idleAt = queue.now;
  }

  /** A turn may be over, or a slot free. */
  reconsider(): void {
    this.#slots.reconsider();
  }

  /** Decides anew whom to serve. */
  decide(): void {
    this.#slots.decide();
  }

  /** A peer that waits has told something. */
  heard(member: SimMember): void {
    this.#slots.heard(member);
  }

  /** Those who have a turn of a torrent, and were out of things to ask for, ask again. */
  askedAgain(torrent: SimTorrent): void {
    this.#slots.askedAgain(torrent);
  }

  #tell(): void {
    this.#isTelling = false;
    this.#toldAt = this.world.queue.now;
    for (const torrent of this.torrents) torrent.tell();
  }

  #tick(): void {
    const { queue } = this.world;
    for (const torrent of this.torrents) torrent.tick(queue.now);
    this.reconsider();
    queue.after(tickEvery, this, timers.tick);
  }
}
