import { randomInteger, type Random } from '../base/random.ts';
import {
  fewestShare,
  handoutShares,
  isCutOff,
  interleaved,
  mayHaveOrigin,
  wantedPeers,
} from '../torrent/handout.ts';
import { addressKey, type PeerAddress } from '../torrent/ids.ts';
import type { Zone } from '../torrent/zone.ts';
import { PeerList, peerLists } from './peer-list.ts';
import type { Introduction, SwarmFigures, TableAnnounce } from './peer-table.ts';
import { SwarmPeer } from './swarm-peer.ts';
import { ZonePeers } from './zone-peers.ts';

/**
 * The peers of one swarm, and who was introduced to whom. An announce costs as much as its answer is long, in a swarm of
 * any size and with any number of zones.
 */
export class SwarmPeers {
  readonly #random: Random;
  readonly #peers = new Map<string, SwarmPeer>();
  readonly #zones = new Map<Zone | undefined, ZonePeers>();
  /** The same, to begin with any of them. */
  #zoneList: readonly ZonePeers[] = [];
  readonly #all = new PeerList(peerLists.all);
  readonly #incomplete = new PeerList(peerLists.incomplete);
  #originLinks = 0;
  #downloaded = 0;
  /** Counts the choices: a peer that bears the mark of one has been looked at in it. */
  #mark = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#peers.size;
  }

  has(address: PeerAddress): boolean {
    return this.#peers.has(addressKey(address));
  }

  figures(): SwarmFigures {
    const incomplete = this.#incomplete.size;
    return { complete: this.#all.size - incomplete, incomplete, downloaded: this.#downloaded };
  }

  /** Lists or refreshes the announcing peer, when `isListed` says so, and gives it peers. */
  announce(announce: TableAnnounce, now: number, isListed: boolean): Introduction {
    const peer = this.#find(announce);
    if (isListed) this.#list(peer, announce, now);
    else peer.isComplete = announce.isComplete;
    const chosen = announce.want === 0 ? [] : this.#choose(peer, announce.want, isListed);
    const { complete, incomplete, downloaded } = this.figures();
    const peers = this.#withOrigin(chosen, peer, announce, isListed);
    return { complete, incomplete, downloaded, peers };
  }

  remove(address: PeerAddress): void {
    const peer = this.#peers.get(addressKey(address));
    if (peer !== undefined) this.#remove(peer);
  }

  /** Forgets the peers whose time is over. */
  expire(now: number): void {
    for (const peer of this.#peers.values()) if (peer.expiresAt <= now) this.#remove(peer);
  }

  #find({ address, zone }: TableAnnounce): SwarmPeer {
    const known = this.#peers.get(addressKey(address));
    if (known !== undefined && known.zone.zone === zone) return known;
    if (known !== undefined) this.#remove(known);
    return new SwarmPeer(address, this.#zones.get(zone) ?? new ZonePeers(zone));
  }

  #list(peer: SwarmPeer, announce: TableAnnounce, now: number): void {
    peer.expiresAt = now + announce.lifetime;
    const isNew = !this.#peers.has(peer.key);
    if (isNew) {
      this.#peers.set(peer.key, peer);
      if (peer.zone.all.size === 0) this.#zones.set(peer.zone.zone, peer.zone);
      if (this.#zoneList.length !== this.#zones.size) this.#zoneList = [...this.#zones.values()];
      this.#all.add(peer);
      peer.zone.add(peer);
    }
    if (announce.isComplete) {
      if (!isNew && !peer.isComplete) this.#downloaded++;
      peer.isComplete = true;
      this.#leaveIncomplete(peer);
    } else {
      peer.isComplete = false;
      this.#incomplete.add(peer);
      peer.zone.addIncomplete(peer);
    }
  }

  #remove(peer: SwarmPeer): void {
    this.#peers.delete(peer.key);
    this.#all.delete(peer);
    this.#leaveIncomplete(peer);
    peer.zone.delete(peer);
    if (peer.zone.all.size === 0) {
      this.#zones.delete(peer.zone.zone);
      this.#zoneList = [...this.#zones.values()];
    }
    for (const other of peer.given) this.#unlink(other, other.takers, peer);
    for (const other of peer.takers) this.#unlink(other, other.given, peer);
  }

  /** A peer that is complete or gone needs the origin no more, and another may have it. */
  #leaveIncomplete(peer: SwarmPeer): void {
    this.#incomplete.delete(peer);
    peer.zone.deleteIncomplete(peer);
    if (!peer.hasOrigin) return;
    peer.hasOrigin = false;
    peer.zone.originLinks--;
    this.#originLinks--;
  }

  /** What it was given before comes first and stays; then come new peers, and at last those that are on their way to it. */
  #choose(asker: SwarmPeer, want: number | undefined, isListed: boolean): SwarmPeer[] {
    const most = wantedPeers(want);
    const answer: SwarmPeer[] = [];
    let outside = 0;
    for (const peer of asker.given) {
      if (answer.length >= most) break;
      if (!isUseful(asker, peer)) continue;
      answer.push(peer);
      if (peer.zone !== asker.zone) outside++;
    }
    const isServed = answer.length >= most && !(asker.zone.isNamed && isCutOff(outside));
    if (isServed) return answer;
    const fresh = this.#introduce(asker, want, isListed);
    if (isListed) for (const peer of fresh) link(asker, peer);
    if (answer.length + fresh.length <= most) {
      answer.push(...fresh);
    } else {
      // There is no room left: they come before the others, from now on.
      if (isListed) asker.given.unshift(...asker.given.splice(-fresh.length));
      answer.splice(most - fresh.length);
      answer.unshift(...fresh);
    }
    for (const peer of asker.takers) {
      if (answer.length >= most) break;
      if (isUseful(asker, peer)) answer.push(peer);
    }
    return answer;
  }

  #introduce(asker: SwarmPeer, want: number | undefined, isListed: boolean): readonly SwarmPeer[] {
    this.#mark++;
    asker.mark = this.#mark;
    let links = 0;
    let linksOutside = 0;
    for (const peers of [asker.given, asker.takers]) {
      for (const peer of peers) {
        peer.mark = this.#mark;
        if (!isUseful(asker, peer)) continue;
        links++;
        if (peer.zone !== asker.zone) linksOutside++;
      }
    }
    const { isNamed, all } = asker.zone;
    const zoneSize = isNamed ? all.size - (isListed ? 1 : 0) : undefined;
    const shares = handoutShares({ want, isNew: asker.isNew, links, linksOutside, zoneSize });
    asker.isNew = false;
    if (shares.all === 0) return [];
    const outside = this.#drawOutside(asker, shares.outside);
    return interleaved(this.#drawInside(asker, shares.all - outside.length), outside);
  }

  #drawInside(asker: SwarmPeer, count: number): readonly SwarmPeer[] {
    const { zone } = asker;
    const fewest: SwarmPeer[] = [];
    const goal = fewestShare(count);
    if (zone.isNamed || this.#zones.size === 1) {
      zone.byLinksInside.draw(fewest, goal, this.#mark, this.#random);
    } else {
      this.#drawZones(fewest, goal, undefined);
    }
    const others: SwarmPeer[] = [];
    const lists = zone.isNamed ? zone : { all: this.#all, incomplete: this.#incomplete };
    const list = asker.isComplete ? lists.incomplete : lists.all;
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
      zone.all.draw(chosen, goal, this.#mark, this.#random),
    );
    return chosen;
  }

  /**
   * Adds peers of other zones than `own` to `chosen` until that has `goal`: of a zone as often as is its size, and of those
   * in it the ones with the fewest links. It may find fewer.
   */
  #drawZones(chosen: SwarmPeer[], goal: number, own: ZonePeers | undefined): void {
    for (let tries = 4 * goal; tries > 0 && chosen.length < goal; tries--) {
      const zone = this.#incomplete.any(this.#random)?.zone;
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
    const start = randomInteger(this.#random, this.#zoneList.length);
    let before: number;
    do {
      before = chosen.length;
      for (let index = 0; index < this.#zoneList.length && chosen.length < goal; index++) {
        const zone = this.#zoneList[(start + index) % this.#zoneList.length];
        if (zone !== undefined && zone !== own) draw(zone, chosen.length + 1);
      }
    } while (chosen.length > before && chosen.length < goal);
  }

  #withOrigin(
    peers: readonly SwarmPeer[],
    peer: SwarmPeer,
    { origin, want }: TableAnnounce,
    isListed: boolean,
  ): readonly PeerAddress[] {
    if (origin === undefined || peer.isComplete || want === 0) return peers;
    if (!peer.hasOrigin) {
      const zones = this.#zones.size - (this.#zones.has(undefined) ? 1 : 0);
      const links = { most: origin.most, links: this.#originLinks, namedZones: zones };
      if (!mayHaveOrigin({ ...links, linksInZone: peer.zone.originLinks })) return peers;
    }
    if (isListed && !peer.hasOrigin) {
      peer.hasOrigin = true;
      peer.zone.originLinks++;
      this.#originLinks++;
    }
    const { host, port } = origin.address;
    const others = peers.filter((other) => other.host !== host || other.port !== port);
    return [origin.address, ...others];
  }

  #unlink(other: SwarmPeer, list: SwarmPeer[], gone: SwarmPeer): void {
    const place = list.indexOf(gone);
    if (place !== -1) list.splice(place, 1);
    other.zone.changeLinks(other, gone, -1);
  }
}

/** A seed has no use for a seed. */
function isUseful(asker: SwarmPeer, peer: SwarmPeer): boolean {
  return !(asker.isComplete && peer.isComplete);
}

function link(asker: SwarmPeer, peer: SwarmPeer): void {
  asker.given.push(peer);
  peer.takers.push(asker);
  asker.zone.changeLinks(asker, peer, 1);
  peer.zone.changeLinks(peer, asker, 1);
}
