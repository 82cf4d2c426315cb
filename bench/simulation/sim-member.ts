import { Pace } from '../../src/base/pace.ts';
import { Bitfield } from '../../src/torrent/bitfield.ts';
import { TurnMeter } from '../../src/torrent/turn-times.ts';
import { turnBytes, type SlotCandidate } from '../../src/torrent/upload-slots.ts';
import type { Happening } from './event-queue.ts';
import type { SimTorrent } from './sim-torrent.ts';

/** What may come to a member: an unchoke, or any other number: that block. */
export const unchoke = -1;

/** Bytes that the network takes of one connection ahead of the receiver. */
const window = 256 * 1024;

/** One end of a connection: what a host knows of its peer in one torrent, wants of it and does for it. */
export class SimMember implements SlotCandidate, Happening {
  readonly torrent: SimTorrent;
  /** The other end. */
  other!: SimMember;
  isClosed = false;
  /** The peer stands outside the zone. */
  isAcross = false;
  /** It has let us down, and what it has does not count in the zone. */
  isSilent = false;
  /** What the peer has told that it has: the same to all, unless it shows its pieces one by one. */
  readonly has: Bitfield;
  /** How many of those it was told of by us. */
  owns = 0;
  /** Where it stands among the torrent's members, and where it waits for a turn; -1: it does not. */
  index = -1;
  line = -1;

  /** What we do for the peer: it is one of the few that are unchoked or served, it wants something of us. */
  isBusy = false;
  isInterested = false;
  /** What it has told of that, and with which of its messages. */
  wants = false;
  toldAt = -1;
  isUnchoked = false;
  since: number;
  asked = 0;
  grant: number;
  isSlow = false;
  idleAt = 0;
  isReady = false;
  /** How fast it takes what it asked for. */
  readonly taking: TurnMeter;
  /** Blocks that the peer asked for, and how many are on their way. */
  readonly queue: number[] = [];
  #onTheWay = 0;

  /** What the peer does for us: it owes us blocks; it is one of the few that the host draws from. */
  isDrawing = false;
  isCounted = false;
  /** The word of its unchoke is on its way. */
  isOffered = false;
  isChoking = true;
  heardAt = 0;
  shunnedUntil = 0;
  /** How fast it gives what it was asked for, and bytes a millisecond that come from it. */
  readonly giving: TurnMeter;
  readonly pace: Pace;

  constructor(torrent: SimTorrent, peer: SimTorrent) {
    const { geometry, host } = torrent;
    const { now } = host.world.queue;
    this.torrent = torrent;
    this.has = peer.showing === undefined ? peer.told : new Bitfield(geometry.pieceCount);
    const turn = turnBytes(geometry.pieceLength);
    this.taking = new TurnMeter(host.takings, turn);
    this.giving = new TurnMeter(host.givings, turn);
    this.pace = new Pace(now);
    this.since = now;
    this.grant = turn;
  }

  /** What the peer told last is looked at when it matters, since nobody else needs to know. */
  listen(): void {
    const { other, torrent } = this;
    const tells = torrent.host.world.board.tells[other.torrent.place] ?? 0;
    if (other.isDrawing) this.tell(true, tells);
    else if (this.toldAt !== tells) this.tell(other.torrent.fetching.isInterested(other), tells);
    this.isInterested = this.wants && (torrent.showing?.hasFor(this) ?? true);
  }

  /** The peer wants turns, or does not, until its next message. */
  tell(wants: boolean, tells: number): void {
    this.wants = wants;
    this.toldAt = tells;
  }

  get host(): unknown {
    return this.other.torrent.host;
  }

  /** To an origin all zones are worth the same. */
  get group(): unknown {
    return this.torrent.showing === undefined ? undefined : this.other.torrent.host.plan.zone;
  }

  get isServed(): boolean {
    return this.queue.length > 0;
  }

  /** Before it is decided whom to serve. */
  refresh(now: number): void {
    const { geometry, host } = this.torrent;
    this.isSlow = this.taking.isSlow(now);
    this.grant = turnBytes(geometry.pieceLength, host.takings.part);
    this.listen();
  }

  get isForeign(): boolean {
    return false;
  }

  get idleSince(): number | undefined {
    return this.queue.length > 0 ? undefined : Math.max(this.since, this.idleAt);
  }

  /** True when a block of it could be put on the link. */
  get canSend(): boolean {
    const most = Math.max(2, Math.ceil(window / this.torrent.host.world.blockLength));
    return this.queue.length > 0 && this.#onTheWay < most;
  }

  /** The next block for the peer goes on the link. */
  take(): number | undefined {
    const block = this.queue.shift();
    if (block !== undefined) this.#onTheWay++;
    return block;
  }

  /** At the receiver: an unchoke, or a block, is here. */
  happen(kind: number): void {
    if (this.isClosed) return;
    if (kind === unchoke) return this.torrent.fetching.unchoked(this);
    this.other.landed();
    this.torrent.fetching.arrived(this, kind);
  }

  /** At the sender: a block has arrived. */
  landed(): void {
    this.#onTheWay--;
    if (this.isServed) this.torrent.host.uplink.consider(this);
  }
}
