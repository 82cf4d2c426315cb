import { randomInteger, type Random } from '../base/random.ts';
import type { SwarmPeer } from './swarm-peer.ts';

/** The lists that a peer can be in: each has its own of the peer's `places`. */
export const peerLists = {
  all: 0,
  incomplete: 1,
  open: 2,
  openIncomplete: 3,
  allOfZone: 4,
  incompleteOfZone: 5,
  completeOfZone: 6,
} as const;

/** Peers in no order, which are added, removed and drawn at random in constant time. */
export class PeerList {
  readonly #slot: number;
  readonly #peers: SwarmPeer[] = [];

  constructor(slot: (typeof peerLists)[keyof typeof peerLists]) {
    this.#slot = slot;
  }

  get size(): number {
    return this.#peers.length;
  }

  add(peer: SwarmPeer): void {
    if (peer.places[this.#slot] !== -1) return;
    peer.places[this.#slot] = this.#peers.length;
    this.#peers.push(peer);
  }

  delete(peer: SwarmPeer): void {
    const place = peer.places[this.#slot];
    const last = this.#peers.at(-1);
    if (place === undefined || place === -1 || last === undefined) return;
    this.#peers[place] = last;
    last.places[this.#slot] = place;
    this.#peers.pop();
    peer.places[this.#slot] = -1;
  }

  /** Adds the peer, or removes it. */
  set(peer: SwarmPeer, isIn: boolean): void {
    if (isIn) this.add(peer);
    else this.delete(peer);
  }

  /** Any of them; undefined when there are none. */
  any(random: Random): SwarmPeer | undefined {
    return this.#peers[randomInteger(random, this.#peers.length)];
  }

  /** Adds random peers to `chosen` until that has `goal`, marking them; those that bear the mark are passed over. */
  draw(chosen: SwarmPeer[], goal: number, mark: number, random: Random): void {
    for (let tries = 3 * (goal - chosen.length); tries > 0 && chosen.length < goal; tries--) {
      take(this.any(random), chosen, mark);
    }
    // Luck had it that most of the few were taken already: the others in turn.
    const start = randomInteger(random, this.#peers.length);
    for (let index = 0; index < this.#peers.length && chosen.length < goal; index++) {
      take(this.#peers[(start + index) % this.#peers.length], chosen, mark);
    }
  }
}

function take(peer: SwarmPeer | undefined, chosen: SwarmPeer[], mark: number): void {
  if (peer === undefined || peer.mark === mark) return;
  peer.mark = mark;
  chosen.push(peer);
}
