import type { Zone } from '../torrent/zone.ts';
import { PeerList, peerLists } from './peer-list.ts';
import type { SwarmPeer } from './swarm-peer.ts';
import { ZonePeers } from './zone-peers.ts';

/** The lists of a swarm's peers, by what they lack and where they stand. */
export class SwarmLists {
  readonly all = new PeerList(peerLists.all);
  readonly incomplete = new PeerList(peerLists.incomplete);
  /** Those who may be given to peers outside their zone: who has none, gateways, and who is complete. */
  readonly open = new PeerList(peerLists.open);
  readonly openIncomplete = new PeerList(peerLists.openIncomplete);
  readonly #zones = new Map<Zone | undefined, ZonePeers>();
  /** The zones that have peers, to begin with any of them. */
  zones: readonly ZonePeers[] = [];

  /** How many zones have a name. */
  get namedZones(): number {
    return this.#zones.size - (this.#zones.has(undefined) ? 1 : 0);
  }

  /** The zone of that name; a new one is kept only when a peer is added that stands in it. */
  zone(name: Zone | undefined): ZonePeers {
    return this.#zones.get(name) ?? new ZonePeers(name);
  }

  add(peer: SwarmPeer): void {
    this.all.add(peer);
    peer.zone.all.add(peer);
    if (this.#zones.has(peer.zone.zone)) return;
    this.#zones.set(peer.zone.zone, peer.zone);
    this.zones = [...this.#zones.values()];
  }

  /** Puts a listed peer where it belongs, by what it lacks and does. */
  sort(peer: SwarmPeer): void {
    const { isComplete, isGateway, zone } = peer;
    const isOpen = isComplete || isGateway || !zone.isNamed;
    this.incomplete.set(peer, !isComplete);
    this.open.set(peer, isOpen);
    this.openIncomplete.set(peer, isOpen && !isComplete);
    zone.sort(peer);
  }

  delete(peer: SwarmPeer): void {
    for (const list of [this.all, this.incomplete, this.open, this.openIncomplete])
      list.delete(peer);
    peer.zone.delete(peer);
    if (peer.zone.all.size > 0) return;
    this.#zones.delete(peer.zone.zone);
    this.zones = [...this.#zones.values()];
  }
}
