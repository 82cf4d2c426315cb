import type { SimMember } from './sim-member.ts';

/**
 * Those of a host's members that the choice of whom to serve is about. It is made hundreds of times for each second of each
 * host, so it is given only whom it can concern: those who have a turn or are still served, and of those who wait as many
 * of the first as may get one.
 */
export class Turns {
  /** Unchoked or still served; and some who were so until just now. */
  readonly #busy: SimMember[] = [];
  /** Those who wait, whose last turn is longest ago first. */
  readonly #waiting: SimMember[] = [];
  readonly #slots: number;
  readonly #needsAll: boolean;

  /** `needsAll`: who is next is not told by how long each waits. */
  constructor(slots: number, needsAll: boolean) {
    this.#slots = slots;
    this.#needsAll = needsAll;
  }

  /** The peer wants something. */
  wants(member: SimMember): void {
    if (member.place === 'none') this.#wait(member);
  }

  /** The peer wants nothing any more. */
  leaves(member: SimMember): void {
    if (member.place === 'waiting') this.#drop(this.#waiting, member);
  }

  remove(member: SimMember): void {
    if (member.place === 'busy') this.#drop(this.#busy, member);
    else this.leaves(member);
  }

  unchoked(member: SimMember): void {
    this.leaves(member);
    if (member.place === 'busy') return;
    member.place = 'busy';
    this.#busy.push(member);
  }

  candidates(): readonly SimMember[] {
    this.#refresh();
    let unchoked = 0;
    for (const { isUnchoked } of this.#busy) if (isUnchoked) unchoked++;
    const most = Math.max(this.#slots, this.#busy.length) + unchoked;
    if (this.#needsAll || this.#waiting.length <= most) return [...this.#busy, ...this.#waiting];
    return [...this.#busy, ...this.#waiting.slice(0, most)];
  }

  /** All slots are taken, and nobody's turn is over. */
  get isSettled(): boolean {
    let taken = 0;
    for (const member of this.#busy) {
      const { isUnchoked } = member;
      if (isUnchoked && member.asked >= member.grant) return false;
      if ((isUnchoked || member.isServed) && !member.isSlow) taken++;
    }
    return taken >= this.#slots;
  }

  #refresh(): void {
    let count = 0;
    for (const member of this.#busy) {
      if (member.isUnchoked || member.isServed) {
        this.#busy[count++] = member;
        continue;
      }
      member.place = 'none';
      if (member.peerIsInterested) this.#wait(member);
    }
    this.#busy.length = count;
  }

  #wait(member: SimMember): void {
    member.place = 'waiting';
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1]?.since ?? 0) > member.since) place--;
    if (place === this.#waiting.length) this.#waiting.push(member);
    else this.#waiting.splice(place, 0, member);
  }

  #drop(from: SimMember[], member: SimMember): void {
    member.place = 'none';
    const place = from.indexOf(member);
    if (place >= 0) from.splice(place, 1);
  }
}
