import { Allowance } from '../base/allowance.ts';
import { Pace } from '../base/pace.ts';
import type { Bitfield } from '../torrent/bitfield.ts';
import type { Block, Geometry } from '../torrent/geometry.ts';
import { TurnMeter } from '../torrent/turn-times.ts';
import { turnBytes, type SlotCandidate } from '../torrent/upload-slots.ts';
import type { Environment } from './environment.ts';
import { requestLimit, type Peer } from './peer.ts';
import { SentPieces } from './sent-pieces.ts';
import { UploadQueue, type UploadTarget } from './upload-queue.ts';

/** What a member needs of its torrent. */
export interface MemberTarget extends UploadTarget {
  /** False when there is nothing that the peer could be given now, though it wants something. */
  hasFor(): boolean;
  /** The peer may ask for so many bytes as a turn is long; `anew`: it has asked for all that it was shown. */
  turnBegan(anew: boolean): void;
}

/** Messages that tell nothing: so many a second, and so many at once, as when many cancels meet their blocks half way. */
const smallTalkPerSecond = 50;
const mostSmallTalk = 2_000;

/** What a member needs of what all torrents share. */
type MemberEnvironment = Pick<
  Environment,
  'upload' | 'messages' | 'clock' | 'takings' | 'givings' | 'isOrigin'
>;

/** A peer in one torrent, with what this host does for it and wants of it. */
export class Member implements SlotCandidate {
  readonly peer: Peer;
  readonly #env: MemberEnvironment;
  readonly #pieceLength: number;
  readonly sentPieces: SentPieces;
  readonly #uploads: UploadQueue;
  readonly #target: MemberTarget;
  since: number;
  asked = 0;
  /** When it last asked for something that it was given, or was sent it. */
  #activeAt = 0;
  /** Pieces it has that are missing here. */
  useful = 0;
  /** When it was asked, or last sent a block that was asked for. */
  heardAt = 0;
  /** It owes us blocks. */
  isDrawing = false;
  /** It is one of the few that this host draws from: not while it owes blocks and sends none. */
  isCounted = false;
  /** How fast it takes what it asked for, and gives what it was asked for. */
  readonly #taking: TurnMeter;
  readonly giving: TurnMeter;
  /** Bytes that come from it, a millisecond. */
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
    env: MemberEnvironment,
    target: MemberTarget,
  ) {
    this.peer = peer;
    this.#env = env;
    this.#pieceLength = geometry.pieceLength;
    this.sentPieces = new SentPieces(geometry);
    this.#target = target;
    const turn = turnBytes(geometry.pieceLength);
    this.#taking = new TurnMeter(env.takings, turn);
    this.giving = new TurnMeter(env.givings, turn);
    this.since = now;
    this.#joinedAt = now;
    this.smallTalk = new Allowance(smallTalkPerSecond, mostSmallTalk, now);
    this.pace = new Pace(now);
    this.#uploads = new UploadQueue(env.upload, env.messages, target);
  }

  get host(): string {
    return this.peer.id;
  }

  /** To an origin all zones are worth the same. */
  get group(): unknown {
    return this.#env.isOrigin ? this.peer.zone : undefined;
  }

  get isInterested(): boolean {
    return this.peer.isInterested && this.#target.hasFor();
  }

  get isUnchoked(): boolean {
    return !this.peer.amChoking;
  }

  get isServed(): boolean {
    return this.#uploads.isBusy;
  }

  get isSlow(): boolean {
    return this.#taking.isSlow(this.#env.clock.now());
  }

  get grant(): number {
    return turnBytes(this.#pieceLength, this.#env.takings.part);
  }

  get isForeign(): boolean {
    return this.peer.isForeign;
  }

  get idleSince(): number | undefined {
    return this.#uploads.isBusy ? undefined : Math.max(this.since, this.#activeAt);
  }

  /** When it last asked for something that it was given, was sent it, or sent something. */
  get usefulAt(): number {
    return Math.max(this.#joinedAt, this.#activeAt, this.heardAt);
  }

  unchoke(now: number): void {
    this.since = now;
    this.asked = 0;
    // What it may ask for is shown first.
    this.#target.turnBegan(false);
    this.peer.setChoking(false);
  }

  /** Its turn begins anew, without a word. */
  renew(): void {
    this.asked = 0;
    this.#target.turnBegan(true);
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

  /** True when it has asked for all that its turn gives. */
  get isSated(): boolean {
    return this.asked >= this.grant;
  }

  /** It asks for a block that we have. */
  ask(block: Block, now: number): void {
    if (this.peer.amChoking || this.#uploads.length >= requestLimit) return this.peer.reject(block);
    this.#activeAt = now;
    this.asked += block.length;
    this.#taking.begin(now);
    return this.#uploads.push(block);
  }

  hasSent(bytes: number, now: number): void {
    this.#activeAt = now;
    this.#taking.passed(bytes, now);
  }

  /** It does not want the block any more: BEP 6 wants an answer all the same. False when it had not asked for it. */
  cancelled(block: Block): boolean {
    const isCancelled = this.#uploads.cancel(block);
    if (isCancelled) this.peer.reject(block);
    return isCancelled;
  }

  /** All that it asked for is on its way. */
  hasAll(now: number): void {
    this.#taking.end(now);
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
