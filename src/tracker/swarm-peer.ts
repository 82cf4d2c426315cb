import { type CompactPeer, type CompactRows, compactText } from '../torrent/compact-peers.ts';
import { addressKey, type PeerAddress } from '../torrent/ids.ts';
import { LinkPlace } from './link-order.ts';
import type { ZonePeers } from './zone-peers.ts';

/** An answer that needs no choice any more. */
export interface StandingAnswer {
  /** How many peers were wanted. */
  readonly most: number;
  readonly peers: readonly SwarmPeer[];
  readonly rows: CompactRows;
}

/** One peer of a swarm, and whom it was introduced to. */
export class SwarmPeer implements CompactPeer {
  // What a choice looks at in many peers stands together, since memory is what it waits for.
  /** The number of the draw that has come upon it last. */
  mark = 0;
  isComplete = false;
  /** It lacks something, and is one of the few of its zone that are given peers outside. */
  isGateway = false;
  readonly zone: ZonePeers;
  readonly compact: string;
  /** The peers it was given to. */
  readonly takers: SwarmPeer[] = [];
  /** The peers it was given, in that order. */
  readonly given: SwarmPeer[] = [];
  /** Its links inside its zone (all of them, when it has none), while it lacks something. */
  readonly inside = new LinkPlace(this);
  /** Its links with other zones. */
  readonly outside = new LinkPlace(this);
  /** Where it stands in the lists that it is in (`PeerList`). */
  readonly places: number[] = [-1, -1, -1, -1, -1, -1, -1];
  readonly host: string;
  readonly port: number;
  readonly key: string;
  /** It was given no peers yet. */
  isNew = true;
  /** On the scale of the clock. */
  expiresAt = 0;
  /** A gateway that has not announced by then is none any more. */
  gatewayUntil = 0;
  /** Bytes it lacked when it announced last, and since when it does. */
  left: number | undefined;
  leftSince = 0;
  /** Whether the origin was among the peers it was given. */
  hasOrigin = false;
  /** What it is answered with, as long as none of its links goes. */
  standing: StandingAnswer | undefined;

  constructor(address: PeerAddress, zone: ZonePeers) {
    this.host = address.host;
    this.port = address.port;
    this.compact = compactText(address);
    this.key = addressKey(address);
    this.zone = zone;
  }

  /** True until it stands in the lists of its swarm. */
  get isUnlisted(): boolean {
    return this.places[0] === -1;
  }

  /** Counts its links with peers that are to it as `other` is. */
  linksWith(other: SwarmPeer): LinkPlace {
    return this.zone.isNamed && other.zone !== this.zone ? this.outside : this.inside;
  }
}
