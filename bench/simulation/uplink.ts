import type { Happening } from './event-queue.ts';
import { Link } from './link.ts';
import type { SimHost } from './sim-host.ts';
import type { SimMember } from './sim-member.ts';

/** The way out of a host: the blocks of all that are served, one of each in turn. */
export class Uplink implements Happening {
  readonly #host: SimHost;
  readonly #link: Link;
  readonly #ready: SimMember[] = [];
  /** Whose block is on it. */
  #member: SimMember | undefined;

  constructor(host: SimHost, rate: number) {
    this.#host = host;
    this.#link = new Link(rate);
  }

  /** Something changed about what may be sent to a member. */
  consider(member: SimMember): void {
    if (member.isReady || !member.canSend) return;
    member.isReady = true;
    this.#ready.push(member);
    if (this.#member === undefined) this.#begin();
  }

  /** The block is out. */
  happen(block: number): void {
    const member = this.#member;
    this.#member = undefined;
    if (member !== undefined && !member.isClosed) {
      this.#host.sent(member, block);
      this.consider(member);
    }
    if (this.#member === undefined) this.#begin();
  }

  #begin(): void {
    const { queue } = this.#host.world;
    for (let member = this.#ready.shift(); member !== undefined; member = this.#ready.shift()) {
      member.isReady = false;
      if (member.isClosed || !member.canSend) continue;
      const block = member.take();
      if (block === undefined) continue;
      this.#member = member;
      const bytes = member.torrent.blocks.bytes(block);
      queue.at(this.#link.pass(bytes, queue.now + bytes / this.#link.rate), this, block);
      // Its slot is another's while the last of its blocks is on the way.
      if (!member.isServed) this.#host.reconsider();
      return;
    }
  }
}
