import { randomInteger, type Random } from '../base/random.ts';
import type { SwarmPeer } from './swarm-peer.ts';

/** How many links a peer has, and where that puts it in an order. */
export class LinkPlace {
  readonly peer: SwarmPeer;
  links = 0;
  /** Its place among those with as many links; -1: it is in no order. */
  index = -1;

  constructor(peer: SwarmPeer) {
    this.peer = peer;
  }
}

/** Peers by the number of their links. Every change costs the same, however many there are. */
export class LinkOrder {
  readonly #byLinks: LinkPlace[][] = [];
  /** No peer has fewer links than this. */
  #least = 0;

  add(place: LinkPlace): void {
    if (place.index !== -1) return;
    while (this.#byLinks.length <= place.links) this.#byLinks.push([]);
    const equals = this.#byLinks[place.links] as LinkPlace[];
    place.index = equals.length;
    equals.push(place);
    this.#least = Math.min(this.#least, place.links);
  }

  delete(place: LinkPlace): void {
    const equals = this.#byLinks[place.links];
    const last = equals?.at(-1);
    if (place.index === -1 || equals === undefined || last === undefined) return;
    equals[place.index] = last;
    last.index = place.index;
    equals.pop();
    place.index = -1;
  }

  /** Adds it, or removes it. */
  set(place: LinkPlace, isIn: boolean): void {
    if (isIn) this.add(place);
    else this.delete(place);
  }

  /** Gives the peer another number of links, and its new place if it had one. */
  change(place: LinkPlace, by: 1 | -1): void {
    const isListed = place.index !== -1;
    if (isListed) this.delete(place);
    place.links += by;
    if (isListed) this.add(place);
  }

  /** Adds those with the fewest links to `chosen` until that has `goal`, marking them; those that bear the mark are passed over. */
  draw(chosen: SwarmPeer[], goal: number, mark: number, random: Random): void {
    while (this.#least < this.#byLinks.length && this.#byLinks[this.#least]?.length === 0) {
      this.#least++;
    }
    for (let links = this.#least; links < this.#byLinks.length && chosen.length < goal; links++) {
      const equals = this.#byLinks[links] as LinkPlace[];
      // Not always from the same end: they came in the order of their arrival.
      const start = randomInteger(random, equals.length);
      for (let index = 0; index < equals.length && chosen.length < goal; index++) {
        const { peer } = equals[(start + index) % equals.length] as LinkPlace;
        if (peer.mark === mark) continue;
        peer.mark = mark;
        chosen.push(peer);
      }
    }
  }
}
