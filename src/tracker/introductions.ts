import { randomInteger, type Random } from '../base/random.ts';
import { fewestShare, handoutShares, interleaved } from '../torrent/handout.ts';
import type { SwarmLists } from './swarm-lists.ts';
import type { SwarmPeer } from './swarm-peer.ts';
import type { ZonePeers } from './zone-peers.ts';

/** Draws the peers that an asker is newly introduced to, as many as `torrent/handout.ts` has it. */
export class Introductions {
  readonly #lists: SwarmLists;
  readonly #random: Random;
  /** Counts the draws: a peer that bears the mark of one is chosen in it already, or has a link with the asker. */
  #mark = 0;

  constructor(lists: SwarmLists, random: Random) {
    this.#lists = lists;
    this.#random = random;
  }

  /** New peers for one that wants so many in all; none when it has links with enough. `isListed`: it stands in the lists itself. */
  draw(asker: SwarmPeer, want: number, isListed: boolean): readonly SwarmPeer[] {
    const { isNamed, all } = asker.zone;
    const shares = handoutShares({
      want,
      isNew: asker.isNew,
      links: count(asker, () => true),
      linksOutside: isNamed ? count(asker, (peer) => peer.zone !== asker.zone) : 0,
      zoneSize: isNamed ? all.size - (isListed ? 1 : 0) : undefined,
      part: asker.isComplete ? 'seed' : asker.isGateway ? 'gateway' : 'inside',
    });
    asker.isNew = false;
    if (shares.all === 0 && !asker.isGateway) return [];
    this.#mark++;
    asker.mark = this.#mark;
    for (const peer of asker.given) peer.mark = this.#mark;
    for (const peer of asker.takers) peer.mark = this.#mark;
    const outside = this.#drawOutside(asker, shares.outside);
    const gateways = this.#gatewaysFor(asker);
    const inside = this.#drawInside(asker, shares.all - outside.length - gateways.length);
    return interleaved([...gateways, ...inside], outside);
  }

  /** The gateways of a zone all know each other: they must hear what each of them fetches from outside. */
  #gatewaysFor(asker: SwarmPeer): readonly SwarmPeer[] {
    if (!asker.isGateway) return [];
    const others = [...asker.zone.gateways].filter(({ mark }) => mark !== this.#mark);
    for (const peer of others) peer.mark = this.#mark;
    return others;
  }

  #drawInside(asker: SwarmPeer, count: number): readonly SwarmPeer[] {
    const { zone } = asker;
    const fewest: SwarmPeer[] = [];
    if (count <= 0) return fewest;
    const goal = fewestShare(count);
    if (zone.isNamed || this.#lists.zones.length === 1) {
      zone.byLinksInside.draw(fewest, goal, this.#mark, this.#random);
    } else {
      this.#drawZones(fewest, goal, undefined);
    }
    const others: SwarmPeer[] = [];
    const { open, openIncomplete } = this.#lists;
    const [all, incomplete] = zone.isNamed ? [zone.all, zone.incomplete] : [open, openIncomplete];
    const list = asker.isComplete ? incomplete : all;
    list.draw(others, count - fewest.length, this.#mark, this.#random);
    return interleaved(fewest, others);
  }

  #drawOutside(asker: SwarmPeer, count: number): readonly SwarmPeer[] {
    const chosen: SwarmPeer[] = [];
    if (count === 0) return chosen;
    this.#drawZones(chosen, count, asker.zone);
    // Chance has met few of them: they are a small part of the swarm, or have everything.
    this.#drawEach(chosen, count, asker.zone, (zone, goal) =>
      zone.forOthers.draw(chosen, goal, this.#mark, this.#random),
    );
    if (asker.isComplete) return chosen;
    this.#drawEach(chosen, count, asker.zone, (zone, goal) =>
      zone.complete.draw(chosen, goal, this.#mark, this.#random),
    );
    return chosen;
  }

  /**
   * Adds peers of other zones than `own` to `chosen` until that has `goal`: of a zone as often as is its size, and of those
   * in it the ones with the fewest links. It may find fewer.
   */
  #drawZones(chosen: SwarmPeer[], goal: number, own: ZonePeers | undefined): void {
    for (let tries = 4 * goal; tries > 0 && chosen.length < goal; tries--) {
      const zone = this.#lists.incomplete.any(this.#random)?.zone;
      if (zone === undefined || zone === own) continue;
      zone.forOthers.draw(chosen, chosen.length + 1, this.#mark, this.#random);
    }
  }

  /** Has one peer of each other zone added in turn, until `chosen` has `goal` or no zone has any left. */
  #drawEach(
    chosen: readonly SwarmPeer[],
    goal: number,
    own: ZonePeers,
    draw: (zone: ZonePeers, goal: number) => void,
  ): void {
    const { zones } = this.#lists;
    const start = randomInteger(this.#random, zones.length);
    let before: number;
    do {
      before = chosen.length;
      for (let index = 0; index < zones.length && chosen.length < goal; index++) {
        const zone = zones[(start + index) % zones.length];
        if (zone !== undefined && zone !== own) draw(zone, chosen.length + 1);
      }
    } while (chosen.length > before && chosen.length < goal);
  }
}

/** A seed has no use for a seed; one that lacks something has one for all. */
export function isUseful(asker: SwarmPeer, peer: SwarmPeer): boolean {
  return !(asker.isComplete && peer.isComplete);
}

/** How many of the peers that the asker has links with are of use to it, and such. */
function count(asker: SwarmPeer, isSuch: (peer: SwarmPeer) => boolean): number {
  let found = 0;
  for (const peer of asker.given) if (isUseful(asker, peer) && isSuch(peer)) found++;
  for (const peer of asker.takers) if (isUseful(asker, peer) && isSuch(peer)) found++;
  return found;
}
