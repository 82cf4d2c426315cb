import { type CompactPeer, compactBytes } from '../torrent/compact-peers.ts';
import { addressKey, type PeerAddress } from '../torrent/ids.ts';
import { LinkPlace } from './link-order.ts';
import type { ZonePeers } from './zone-peers.ts';

/** One peer of a swarm, and whom it was introduced to. */
export class SwarmPeer implements CompactPeer {
  readonly host: string;
  readonly port: number;
  readonly compact: Uint8Array;
  readonly key: string;
  readonly zone: ZonePeers;
  /** It was given no peers yet. */
  isNew = true;
  isComplete = false;
  /** On the scale of the clock. */
  expiresAt = 0;
  /** Whether the origin was among the peers it was given. */
  hasOrigin = false;
  /** The peers it was given, in that order. */
  readonly given: SwarmPeer[] = [];
  /** The peers it was given to. */
  readonly takers: SwarmPeer[] = [];
  /** Its links inside its zone (all of them, when it has none), while it lacks something. */
  readonly inside = new LinkPlace(this);
  /** Its links with other zones. */
  readonly outside = new LinkPlace(this);
  /** Where it stands in the lists that it is in (`PeerList`). */
  readonly places: number[] = [-1, -1, -1, -1];
  /** The number of the choice that has looked at it last. */
  mark = 0;

  constructor(address: PeerAddress, zone: ZonePeers) {
    this.host = address.host;
    this.port = address.port;
    this.compact = compactBytes(address) ?? new Uint8Array(0);
    this.key = addressKey(address);
    this.zone = zone;
  }

  /** Counts its links with peers that are to it as `other` is. */
  linksWith(other: SwarmPeer): LinkPlace {
    return this.zone.isNamed && other.zone !== this.zone ? this.outside : this.inside;
  }
}
