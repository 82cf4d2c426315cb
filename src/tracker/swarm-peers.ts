import type { Random } from '../base/random.ts';
import { chooseHandout } from '../torrent/handout.ts';
import { addressKey, type PeerAddress } from '../torrent/ids.ts';
import { IndexedSet } from './indexed-set.ts';
import type { Introduction, SwarmFigures, TableAnnounce } from './peer-table.ts';

interface Peer {
  readonly address: PeerAddress;
  isComplete: boolean;
  /** On the scale of the clock. */
  expiresAt: number;
  /** Whether the origin was among the peers it was given. */
  hasOrigin: boolean;
  /** The peers it was given. */
  readonly given: Set<Peer>;
  /** The peers it was given and those it was given to. */
  readonly links: Set<Peer>;
}

/** The peers of one swarm, and who was introduced to whom. An announce costs the same in a swarm of any size. */
export class SwarmPeers {
  readonly #random: Random;
  readonly #peers = new Map<string, Peer>();
  readonly #all = new IndexedSet<Peer>();
  readonly #incomplete = new IndexedSet<Peer>();
  /** The incomplete peers by the number of their links. */
  readonly #byLinks: Set<Peer>[] = [];
  #originLinks = 0;
  #downloaded = 0;

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
    const known = this.#peers.get(addressKey(announce.address));
    const peer = known ?? newPeer(announce);
    if (isListed) this.#list(peer, announce, now);
    const chosen = announce.want === 0 ? [] : this.#choose(peer, announce.want);
    if (isListed) for (const other of chosen) this.#link(peer, other);
    const peers = chosen.map((other) => other.address);
    return { ...this.figures(), peers: this.#withOrigin(peers, peer, announce, isListed) };
  }

  remove(address: PeerAddress): void {
    const peer = this.#peers.get(addressKey(address));
    if (peer === undefined) return;
    this.#peers.delete(addressKey(address));
    this.#all.delete(peer);
    this.#leaveIncomplete(peer);
    for (const other of peer.links) {
      this.#changeLinks(other, () => other.links.delete(peer));
      other.given.delete(peer);
    }
  }

  /** Forgets the peers whose time is over. */
  expire(now: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.expiresAt <= now) this.remove(peer.address);
    }
  }

  #list(peer: Peer, announce: TableAnnounce, now: number): void {
    peer.expiresAt = now + announce.lifetime;
    const isNew = !this.has(peer.address);
    this.#peers.set(addressKey(peer.address), peer);
    this.#all.add(peer);
    if (announce.isComplete) {
      if (!isNew && !peer.isComplete) this.#downloaded++;
      peer.isComplete = true;
      this.#leaveIncomplete(peer);
    } else {
      peer.isComplete = false;
      this.#incomplete.add(peer);
      this.#bucket(peer.links.size).add(peer);
    }
  }

  #choose(peer: Peer, want: number | undefined): Peer[] {
    const useful = peer.isComplete ? this.#incomplete : this.#all;
    return chooseHandout({
      want,
      kept: peer.given,
      fewest: this.#fewestLinksFirst(),
      random: useful.randomly(this.#random),
      linked: peer.links,
      isUseful: (other) => other !== peer && !(peer.isComplete && other.isComplete),
    });
  }

  *#fewestLinksFirst(): Iterable<Peer> {
    for (const peers of this.#byLinks) yield* peers;
  }

  #link(peer: Peer, other: Peer): void {
    peer.given.add(other);
    this.#changeLinks(peer, () => peer.links.add(other));
    this.#changeLinks(other, () => other.links.add(peer));
  }

  /** Keeps the order by links true over a change of a peer's links. */
  #changeLinks(peer: Peer, change: () => void): void {
    const wasListed = this.#bucket(peer.links.size).delete(peer);
    change();
    if (wasListed) this.#bucket(peer.links.size).add(peer);
  }

  #bucket(links: number): Set<Peer> {
    while (this.#byLinks.length <= links) this.#byLinks.push(new Set());
    return this.#byLinks[links] as Set<Peer>;
  }

  /** A peer that is complete or gone needs the origin no more, and another may have it. */
  #leaveIncomplete(peer: Peer): void {
    this.#incomplete.delete(peer);
    this.#bucket(peer.links.size).delete(peer);
    if (peer.hasOrigin) this.#originLinks--;
    peer.hasOrigin = false;
  }

  #withOrigin(
    peers: readonly PeerAddress[],
    peer: Peer,
    { origin, want }: TableAnnounce,
    isListed: boolean,
  ): readonly PeerAddress[] {
    if (origin === undefined || peer.isComplete || want === 0) return peers;
    if (!peer.hasOrigin && this.#originLinks >= origin.most) return peers;
    if (isListed && !peer.hasOrigin) {
      peer.hasOrigin = true;
      this.#originLinks++;
    }
    const key = addressKey(origin.address);
    return [origin.address, ...peers.filter((other) => addressKey(other) !== key)];
  }
}

function newPeer({ address, isComplete }: TableAnnounce): Peer {
  return {
    address,
    isComplete,
    expiresAt: 0,
    hasOrigin: false,
    given: new Set(),
    links: new Set(),
  };
}
