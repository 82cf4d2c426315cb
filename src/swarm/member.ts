import { Allowance } from '../base/allowance.ts';
import { Pace } from '../base/pace.ts';
import type { Bitfield } from '../torrent/bitfield.ts';
import type { Block, Geometry } from '../torrent/geometry.ts';
import type { SlotCandidate } from '../torrent/upload-slots.ts';
import type { Environment } from './environment.ts';
import { requestLimit, type Peer } from './peer.ts';
import { SentPieces } from './sent-pieces.ts';
import { UploadQueue, type UploadTarget } from './upload-queue.ts';

/** A turn lasts for a piece, and for this many bytes at least. */
const leastGrant = 256 * 1024;

/** Messages that tell nothing: so many a second, and so many at once, as when many cancels meet their blocks half way. */
const smallTalkPerSecond = 50;
const mostSmallTalk = 2_000;

/** A peer in one torrent, with what this host does for it and wants of it. */
export class Member implements SlotCandidate {
  readonly peer: Peer;
  readonly grant: number;
  readonly sentPieces: SentPieces;
  readonly #uploads: UploadQueue;
  since: number;
  sent = 0;
  /** When it last asked for something that it was given, or was sent it. */
  #activeAt = 0;
  /** Pieces it has that are missing here. */
  useful = 0;
  /** When it was asked, or last sent a block that was asked for. */
  heardAt = 0;
  /** Blocks that come from it, a millisecond. */
  readonly pace: Pace;
  /** Messages that tell nothing. */
  readonly smallTalk: Allowance;
  /** It stalled: it is asked for nothing until then. */
  shunnedUntil = 0;
  /** Called when it is gone. */
  onLeft: () => void = () => {};
  readonly #joinedAt: number;

  constructor(
    peer: Peer,
    geometry: Geometry,
    now: number,
    env: Pick<Environment, 'upload' | 'messages'>,
    target: UploadTarget,
  ) {
    this.peer = peer;
    this.grant = Math.max(geometry.pieceLength, leastGrant);
    this.sentPieces = new SentPieces(geometry);
    this.since = now;
    this.#joinedAt = now;
    this.smallTalk = new Allowance(smallTalkPerSecond, mostSmallTalk, now);
    this.pace = new Pace(now);
    this.#uploads = new UploadQueue(env.upload, env.messages, target);
  }

  get host(): string {
    return this.peer.id;
  }

  get isInterested(): boolean {
    return this.peer.isInterested;
  }

  get isUnchoked(): boolean {
    return !this.peer.amChoking;
  }

  get isForeign(): boolean {
    return this.peer.isForeign;
  }

  get idleSince(): number | undefined {
    return this.#uploads.length > 0 ? undefined : Math.max(this.since, this.#activeAt);
  }

  /** When it last asked for something that it was given, was sent it, or sent something. */
  get usefulAt(): number {
    return Math.max(this.#joinedAt, this.#activeAt, this.heardAt);
  }

  unchoke(now: number): void {
    this.since = now;
    this.sent = 0;
    this.peer.setChoking(false);
  }

  /**
   * Ends its turn. What it asked for while it had its turn is still sent when it knows the fast extension (BEP 6: a
   * choke takes nothing back); without it the requests are void (BEP 3).
   */
  choke(now: number): void {
    this.since = now;
    this.peer.setChoking(true);
    if (!this.peer.isFast) this.#uploads.clear();
  }

  /** It asks for a block that we have. */
  asked(block: Block, now: number): void {
    if (this.peer.amChoking || this.#uploads.length >= requestLimit) return this.peer.reject(block);
    this.#activeAt = now;
    return this.#uploads.push(block);
  }

  hasSent(bytes: number, now: number): void {
    this.sent += bytes;
    this.#activeAt = now;
  }

  /** It does not want the block any more: BEP 6 wants an answer all the same. False when it had not asked for it. */
  cancelled(block: Block): boolean {
    const isCancelled = this.#uploads.cancel(block);
    if (isCancelled) this.peer.reject(block);
    return isCancelled;
  }

  drained(): void {
    this.#uploads.drained();
  }

  close(): void {
    this.#uploads.close();
  }

  /** True when it has the whole blob. */
  get isSeed(): boolean {
    return this.peer.has.isFull;
  }

  /** What the two have in common: neither can give the other anything. */
  isPointless(have: Bitfield): boolean {
    return have.isFull && this.isSeed;
  }
}
