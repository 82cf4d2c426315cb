import type { Random } from '../base/random.ts';
import { type CompactRows, compactRows } from '../torrent/compact-peers.ts';
import {
  gatewayPatience,
  isCutOff,
  isGatewayDue,
  mayHaveOrigin,
  wantedPeers,
} from '../torrent/handout.ts';
import { addressKey, type PeerAddress } from '../torrent/ids.ts';
import { Introductions, isUseful } from './introductions.ts';
import type { Introduction, SwarmFigures, TableAnnounce } from './peer-table.ts';
import { SwarmLists } from './swarm-lists.ts';
import { type StandingAnswer, SwarmPeer } from './swarm-peer.ts';

/** Peers that are given, in both forms. */
type Given = Pick<StandingAnswer, 'peers' | 'rows'>;

const nobody: Given = { peers: [], rows: { peers: '', peers6: '' } };

/**
 * The peers of one swarm, and who was introduced to whom. An announce costs as much as its answer is long, in a swarm of
 * any size and with any number of zones.
 */
export class SwarmPeers {
  readonly #peers = new Map<string, SwarmPeer>();
  readonly #lists = new SwarmLists();
  readonly #introductions: Introductions;
  #originLinks = 0;
  #downloaded = 0;

  constructor(random: Random) {
    this.#introductions = new Introductions(this.#lists, random);
  }

  get size(): number {
    return this.#peers.size;
  }

  has(address: PeerAddress): boolean {
    return this.#peers.has(addressKey(address));
  }

  figures(): SwarmFigures {
    const incomplete = this.#lists.incomplete.size;
    const complete = this.#lists.all.size - incomplete;
    return { complete, incomplete, downloaded: this.#downloaded };
  }

  /** Lists or refreshes the announcing peer, when `isListed` says so, and gives it peers. */
  announce(announce: TableAnnounce, now: number, isListed: boolean): Introduction {
    const peer = this.#find(announce);
    if (isListed) this.#list(peer, announce, now);
    else peer.isComplete = announce.isComplete;
    this.#chooseGateway(peer, now, isListed);
    const most = wantedPeers(announce.want);
    const others = most === 0 ? nobody : this.#answer(peer, most, isListed);
    const { peers, rows } = this.#withOrigin(others, peer, announce, isListed);
    return { ...this.figures(), peers, rows };
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
    return new SwarmPeer(address, this.#lists.zone(zone));
  }

  #list(peer: SwarmPeer, announce: TableAnnounce, now: number): void {
    const { lifetime, isComplete, left } = announce;
    peer.expiresAt = now + lifetime;
    peer.gatewayUntil = now + lifetime * gatewayPatience;
    if (peer.left !== left) peer.leftSince = now;
    peer.left = left;
    const isNew = peer.isUnlisted;
    if (isNew) {
      this.#peers.set(peer.key, peer);
      this.#lists.add(peer);
    } else if (peer.isComplete === isComplete) {
      return;
    }
    if (isComplete && !isNew) this.#downloaded++;
    if (isComplete) this.#releaseOrigin(peer);
    peer.isComplete = isComplete;
    peer.isGateway = false;
    this.#lists.sort(peer);
  }

  /** A zone has few gateways, and always some: who announces may become one in place of others that left or fell silent. */
  #chooseGateway(peer: SwarmPeer, now: number, isListed: boolean): void {
    const { zone } = peer;
    if (!zone.isNamed || peer.isComplete) return;
    for (const gateway of zone.gateways) {
      if (gateway.gatewayUntil > now) continue;
      gateway.isGateway = false;
      this.#releaseOrigin(gateway);
      this.#lists.sort(gateway);
    }
    if (peer.isGateway) return;
    peer.isGateway = isGatewayDue({
      gateways: zone.gateways.size,
      complete: zone.complete.size,
      starvedFor: isListed ? now - peer.leftSince : 0,
    });
    if (!peer.isGateway || !isListed) return;
    peer.standing = undefined;
    this.#lists.sort(peer);
  }

  #remove(peer: SwarmPeer): void {
    this.#peers.delete(peer.key);
    this.#releaseOrigin(peer);
    this.#lists.delete(peer);
    for (const other of peer.given) unlink(other, other.takers, peer);
    for (const other of peer.takers) unlink(other, other.given, peer);
  }

  /** A peer that is complete or gone needs the origin no more, and another may have it. */
  #releaseOrigin(peer: SwarmPeer): void {
    if (!peer.hasOrigin) return;
    peer.hasOrigin = false;
    peer.zone.originLinks--;
    this.#originLinks--;
  }

  #answer(asker: SwarmPeer, most: number, isListed: boolean): Given {
    if (asker.standing?.most === most && !asker.isComplete) return asker.standing;
    const { peers, isFinal } = this.#choose(asker, most, isListed);
    const answer = { most, peers, rows: compactRows(peers) };
    // What a seed is given depends on how far others are.
    asker.standing = isListed && isFinal && !asker.isComplete ? answer : undefined;
    return answer;
  }

  /** What it was given before comes first and stays; then come new peers, and at last those that are on their way to it. */
  #choose(
    asker: SwarmPeer,
    most: number,
    isListed: boolean,
  ): { readonly peers: SwarmPeer[]; readonly isFinal: boolean } {
    const peers: SwarmPeer[] = [];
    addUseful(peers, most, asker, asker.given);
    if (peers.length === most && !isWithoutOutside(asker, peers)) return { peers, isFinal: true };
    const fresh = this.#introductions.draw(asker, most, isListed);
    if (isListed) for (const peer of fresh) link(asker, peer);
    if (peers.length + fresh.length <= most) {
      peers.push(...fresh);
    } else {
      // There is no room left: they come before the others, from now on.
      if (isListed) asker.given.unshift(...asker.given.splice(-fresh.length));
      putFirst(peers, fresh, most);
    }
    addUseful(peers, most, asker, asker.takers);
    // Those outside may be on their way to it, but none should depend on that alone.
    if (peers.length === most && isWithoutOutside(asker, peers))
      putFirst(peers, asker.takers.filter((peer) => isOutside(asker, peer)).slice(0, most), most);
    const isWhole = fresh.length === 0 && peers.length === most;
    return { peers, isFinal: isWhole && !isWithoutOutside(asker, peers) };
  }

  #withOrigin(
    others: Given,
    peer: SwarmPeer,
    { origin, want }: TableAnnounce,
    isListed: boolean,
  ): { readonly peers: readonly PeerAddress[]; readonly rows: CompactRows } {
    if (origin === undefined || peer.isComplete || want === 0) return others;
    const { most, address } = origin;
    if (!peer.hasOrigin) {
      if (peer.zone.isNamed && !peer.isGateway) return others;
      const { namedZones } = this.#lists;
      const linksInZone = peer.zone.originLinks;
      if (!mayHaveOrigin({ most, links: this.#originLinks, linksInZone, namedZones })) {
        return others;
      }
    }
    if (isListed && !peer.hasOrigin) {
      peer.hasOrigin = true;
      peer.zone.originLinks++;
      this.#originLinks++;
    }
    return withFirst(address, this.has(address) ? without(address, others) : others);
  }
}

/** Adds those of the peers that are of use to the asker, until there are `most`. */
function addUseful(
  peers: SwarmPeer[],
  most: number,
  asker: SwarmPeer,
  links: readonly SwarmPeer[],
): void {
  for (const peer of links) {
    if (peers.length >= most) return;
    if (isUseful(asker, peer)) peers.push(peer);
  }
}

/** Puts some before the others, so that there are `most`. */
function putFirst(peers: SwarmPeer[], some: readonly SwarmPeer[], most: number): void {
  peers.splice(most - some.length);
  peers.unshift(...some);
}

function isOutside(asker: SwarmPeer, peer: SwarmPeer): boolean {
  return peer.zone !== asker.zone && isUseful(asker, peer);
}

/** True when too few of the peers that a gateway is given stand in other zones. */
function isWithoutOutside(asker: SwarmPeer, peers: readonly SwarmPeer[]): boolean {
  if (!asker.isGateway) return false;
  let outside = 0;
  for (const peer of peers) if (peer.zone !== asker.zone) outside++;
  return isCutOff(outside);
}

function withFirst(
  address: PeerAddress,
  { peers, rows }: Given,
): { readonly peers: readonly PeerAddress[]; readonly rows: CompactRows } {
  const first = compactRows([address]);
  return {
    peers: [address, ...peers],
    rows: { peers: first.peers + rows.peers, peers6: first.peers6 + rows.peers6 },
  };
}

function without({ host, port }: PeerAddress, given: Given): Given {
  const peers = given.peers.filter((peer) => peer.host !== host || peer.port !== port);
  return { peers, rows: compactRows(peers) };
}

function link(asker: SwarmPeer, peer: SwarmPeer): void {
  asker.given.push(peer);
  peer.takers.push(asker);
  asker.standing = undefined;
  asker.zone.changeLinks(asker, peer, 1);
  peer.zone.changeLinks(peer, asker, 1);
}

function unlink(peer: SwarmPeer, links: SwarmPeer[], gone: SwarmPeer): void {
  const place = links.indexOf(gone);
  if (place !== -1) links.splice(place, 1);
  peer.standing = undefined;
  peer.zone.changeLinks(peer, gone, -1);
}
