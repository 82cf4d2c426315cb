import type { Zone } from '../torrent/zone.ts';
import { LinkOrder } from './link-order.ts';
import { PeerList, peerLists } from './peer-list.ts';
import type { SwarmPeer } from './swarm-peer.ts';

/** The peers of a swarm that stand in one zone; those without a zone make one of their own, which has no name. */
export class ZonePeers {
  readonly zone: Zone | undefined;
  readonly all = new PeerList(peerLists.allOfZone);
  readonly incomplete = new PeerList(peerLists.incompleteOfZone);
  readonly complete = new PeerList(peerLists.completeOfZone);
  /** Those of the incomplete ones that are given peers of other zones, and to them; in a zone with a name. */
  readonly gateways = new Set<SwarmPeer>();
  /** Those that lack something, by their links inside. */
  readonly byLinksInside = new LinkOrder();
  /** The gateways by their links with other zones. */
  readonly byLinksOutside = new LinkOrder();
  /** To how many of them the origin is introduced. */
  originLinks = 0;

  constructor(zone: Zone | undefined) {
    this.zone = zone;
  }

  get isNamed(): boolean {
    return this.zone !== undefined;
  }

  /** Puts one of its peers where it belongs, by what it lacks and does. */
  sort(peer: SwarmPeer): void {
    this.incomplete.set(peer, !peer.isComplete);
    this.complete.set(peer, peer.isComplete);
    this.byLinksInside.set(peer.inside, !peer.isComplete);
    this.byLinksOutside.set(peer.outside, peer.isGateway);
    if (peer.isGateway) this.gateways.add(peer);
    else this.gateways.delete(peer);
  }

  delete(peer: SwarmPeer): void {
    this.all.delete(peer);
    this.incomplete.delete(peer);
    this.complete.delete(peer);
    this.byLinksInside.delete(peer.inside);
    this.byLinksOutside.delete(peer.outside);
    this.gateways.delete(peer);
  }

  /** One of its peers has one link with `other` more, or less. */
  changeLinks(peer: SwarmPeer, other: SwarmPeer, by: 1 | -1): void {
    const place = peer.linksWith(other);
    (place === peer.inside ? this.byLinksInside : this.byLinksOutside).change(place, by);
  }

  /** Its peers in the order in which they are given to another zone. */
  get forOthers(): LinkOrder {
    return this.isNamed ? this.byLinksOutside : this.byLinksInside;
  }
}
