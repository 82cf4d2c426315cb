import type { Block } from '../../src/torrent/geometry.ts';
import type { Happening } from './event-queue.ts';
import { Link } from './link.ts';
import type { SimHost } from './sim-host.ts';
import type { SimMember } from './sim-member.ts';

/** The way out of a host: the blocks of all that are served, one of each in turn. */
export class Uplink implements Happening {
  readonly #host: SimHost;
  readonly #link: Link;
  #ready: SimMember[] = [];
  #member: SimMember | undefined;
  #block: Block | undefined;

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
  happen(): void {
    const member = this.#member;
    const block = this.#block;
    this.#member = undefined;
    if (member !== undefined && block !== undefined && !member.isClosed) {
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
      this.#block = block;
      queue.at(this.#link.pass(block.length, queue.now + block.length / this.#link.rate), this);
      return;
    }
  }
}
