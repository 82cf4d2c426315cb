import type { Clock } from '../base/clock.ts';
import {
  addressKey,
  isDocketPeer,
  type InfoHash,
  type PeerAddress,
  type PeerId,
} from '../torrent/ids.ts';

/** A peer of another client that lacks something has so many milliseconds to come by itself. */
const patience = 5_000;
/** Peers that are waited for at the same time. */
const mostWaiting = 1_000;

/**
 * Has the registry's seeder dial the clients of others that its tracker hears of: some try uTP for minutes before TCP,
 * some cannot dial at all. Docket's own peers come by themselves.
 */
export class ForeignPeers {
  readonly #clock: Clock;
  readonly #greet: (infoHash: InfoHash, peers: readonly PeerAddress[]) => void;
  readonly #waiting = new Map<string, () => void>();

  /** `greet` dials peers that are not connected. */
  constructor(clock: Clock, greet: (infoHash: InfoHash, peers: readonly PeerAddress[]) => void) {
    this.#clock = clock;
    this.#greet = greet;
  }

  /** The tracker heard of a peer that lacks something. */
  heardOf(infoHash: InfoHash, peerId: PeerId, address: PeerAddress): void {
    if (isDocketPeer(peerId) || address.port === 0) return;
    const key = `${infoHash} ${addressKey(address)}`;
    if (this.#waiting.has(key) || this.#waiting.size >= mostWaiting) return;
    const cancel = this.#clock.after(patience, () => {
      this.#waiting.delete(key);
      this.#greet(infoHash, [address]);
    });
    this.#waiting.set(key, cancel);
  }

  close(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
