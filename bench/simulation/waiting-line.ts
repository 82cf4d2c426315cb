import type { Board } from './board.ts';
import type { SimMember } from './sim-member.ts';

const nobody = -1;
const first = 64;

/**
 * The members whom a host does not serve, in the order in which their last turns ended. What is known of them stands in plain
 * arrays: most of the time a look at those is enough.
 */
export class WaitingLine {
  readonly #board: Board;
  /** Whose they are, as the board knows them; what each has told, and with which message. */
  #places = new Int32Array(first).fill(nobody);
  #toldAt = new Int32Array(first);
  #wants = new Uint8Array(first);
  #members: (SimMember | undefined)[] = [];
  #from = 0;
  #end = 0;

  constructor(board: Board) {
    this.#board = board;
  }

  /** Its turn has ended, or it is new. */
  push(member: SimMember): void {
    if (this.#end === this.#places.length) this.#closeRanks();
    member.line = this.#end++;
    this.#places[member.line] = member.other.torrent.place;
    this.#members[member.line] = member;
    this.heard(member);
  }

  remove(member: SimMember): void {
    if (member.line < 0) return;
    this.#places[member.line] = nobody;
    this.#members[member.line] = undefined;
    member.line = nobody;
    while (this.#from < this.#end && this.#places[this.#from] === nobody) this.#from++;
  }

  /** What the member told is known anew. */
  heard(member: SimMember): void {
    if (member.line < 0) return;
    this.#toldAt[member.line] = member.toldAt;
    this.#wants[member.line] = member.wants ? 1 : 0;
  }

  /** True when some may want a turn. */
  get isAnyHungry(): boolean {
    const { isHungry, tells } = this.#board;
    for (let line = this.#from; line < this.#end; line++) {
      const place = this.#places[line] ?? nobody;
      if (place === nobody || isHungry[place] === 0) continue;
      if (this.#wants[line] !== 0 || this.#toldAt[line] !== tells[place]) return true;
    }
    return false;
  }

  /** Adds the first of those who want a turn to `chosen`, `most` at most. */
  choose(chosen: SimMember[], most: number): void {
    const { isHungry, tells } = this.#board;
    let left = most;
    for (let line = this.#from; left > 0 && line < this.#end; line++) {
      const place = this.#places[line] ?? nobody;
      if (place === nobody || isHungry[place] === 0) continue;
      if (this.#wants[line] === 0 && this.#toldAt[line] === tells[place]) continue;
      const member = this.#members[line];
      if (member === undefined || member.isServed) continue;
      member.listen();
      this.heard(member);
      if (!member.isInterested) continue;
      chosen.push(member);
      left--;
    }
  }

  /** Makes room at the end: many have left from the midst. */
  #closeRanks(): void {
    const waiting = this.#members.filter((member) => member !== undefined);
    const room = Math.max(first, 2 * waiting.length);
    this.#from = 0;
    this.#end = 0;
    this.#members = [];
    this.#places = new Int32Array(room).fill(nobody);
    this.#toldAt = new Int32Array(room);
    this.#wants = new Uint8Array(room);
    for (const member of waiting) this.push(member);
  }
}
