import type { Zone } from '../torrent/zone.ts';
import { PeerList, peerLists } from './peer-list.ts';
import type { SwarmPeer } from './swarm-peer.ts';
import { ZonePeers } from './zone-peers.ts';

/** The lists of a swarm's peers, by what they lack and where they stand. */
export class SwarmLists {
  readonly all = new PeerList(peerLists.all);
  readonly incomplete = new PeerList(peerLists.incomplete);
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

  /** The peer lacks something. */
  addIncomplete(peer: SwarmPeer): void {
    this.incomplete.add(peer);
    peer.zone.addIncomplete(peer);
  }

  /** The peer is complete, or gone. */
  deleteIncomplete(peer: SwarmPeer): void {
    this.incomplete.delete(peer);
    peer.zone.deleteIncomplete(peer);
  }

  delete(peer: SwarmPeer): void {
    this.deleteIncomplete(peer);
    this.all.delete(peer);
    peer.zone.all.delete(peer);
    if (peer.zone.all.size > 0) return;
    this.#zones.delete(peer.zone.zone);
    this.zones = [...this.#zones.values()];
  }
}
