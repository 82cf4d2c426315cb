import type { Clock } from '../base/clock.ts';
import { decideSlots } from '../torrent/upload-slots.ts';
import type { Member } from './member.ts';

/** How often turns are looked at when nothing else happens (other clients are served by time). */
export const slotPeriod = 1_000;

/** Whom this host serves, over all its torrents: the link is one. */
export class SlotKeeper {
  readonly #slots: number;
  readonly #clock: Clock;
  readonly #members = new Set<Member>();
  #isDue = false;
  readonly #cancel: () => void;

  constructor(slots: number, clock: Clock) {
    this.#slots = slots;
    this.#clock = clock;
    let cancel = (): void => {};
    const tick = (): void => {
      this.reconsider();
      cancel = clock.after(slotPeriod, tick);
    };
    cancel = clock.after(slotPeriod, tick);
    this.#cancel = () => cancel();
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  remove(member: Member): void {
    if (this.#members.delete(member)) this.reconsider();
  }

  /** Interest, a turn or a connection ended or began: decides anew, once however often it is told. */
  reconsider(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      const now = this.#clock.now();
      const members = [...this.#members];
      const { choke, unchoke } = decideSlots(members, this.#slots, now);
      for (const member of choke) member.choke(now);
      for (const member of unchoke) member.unchoke(now);
      // A turn that has ended, and that nobody waits for, begins anew.
      for (const member of members) if (member.isUnchoked && member.isSated) member.renew();
    });
  }

  close(): void {
    this.#cancel();
  }
}
