import { addressKey, type InfoHash, type PeerAddress } from '../torrent/ids.ts';
import type { Answered, Dialer } from './dialer.ts';

/** What outreach needs of the swarms of its process. */
export interface OutreachUser {
  /** True when a peer from there is connected already. */
  isConnected(infoHash: InfoHash, host: string): boolean;
  /** A peer answered; it is the user's now. */
  met(infoHash: InfoHash, answered: Answered): void;
}

/** Peers that one announce makes a seed dial: the others dial it, or learn of it from these. */
const mostAtOnce = 4;

/**
 * Dials peers that lack what this host seeds. Most peers dial by themselves, but some cannot (behind a filter, or because
 * they try another protocol first), and some came before the seed and will not ask the tracker soon.
 */
export class Outreach {
  readonly #dialer: Dialer;
  readonly #user: OutreachUser;
  readonly #underWay = new Set<string>();
  readonly #abort = new AbortController();

  constructor(dialer: Dialer, user: OutreachUser) {
    this.#dialer = dialer;
    this.#user = user;
  }

  greet(infoHash: InfoHash, peers: readonly PeerAddress[]): void {
    const fresh = peers.filter(({ host }) => !this.#user.isConnected(infoHash, host));
    for (const peer of fresh.slice(0, mostAtOnce)) void this.#greet(infoHash, peer);
  }

  close(): void {
    this.#abort.abort();
  }

  async #greet(infoHash: InfoHash, peer: PeerAddress): Promise<void> {
    const key = `${infoHash} ${addressKey(peer)}`;
    if (this.#underWay.has(key) || this.#abort.signal.aborted) return;
    this.#underWay.add(key);
    const answered = await this.#dialer.dial(peer, infoHash, this.#abort.signal);
    this.#underWay.delete(key);
    if (answered !== undefined) this.#user.met(infoHash, answered);
  }
}
