import { Pace } from '../../src/base/pace.ts';
import { Bitfield } from '../../src/torrent/bitfield.ts';
import type { Block } from '../../src/torrent/geometry.ts';
import { TurnMeter } from '../../src/torrent/turn-times.ts';
import { turnBytes, type SlotCandidate } from '../../src/torrent/upload-slots.ts';
import type { Happening } from './event-queue.ts';
import type { SimTorrent } from './sim-torrent.ts';

/** What may come to a member. */
export const comes = { block: 0, unchoke: 1 } as const;

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
  has: Bitfield;
  /** How many of those it was told of by us. */
  owns = 0;
  /** The peer wants something of us; we have let it know that we want something of it. */
  peerIsInterested = false;
  /** Where the host has it among those whose turn it is or may be. */
  place: 'none' | 'waiting' | 'busy' = 'none';
  amInterested = false;
  /** It owes us blocks. */
  isDrawing = false;
  /** It is one of the few that the host draws from. */
  isCounted = false;
  isUnchoked = false;
  isChoking = true;
  since = 0;
  asked = 0;
  readonly #turn: number;
  /** How fast it takes what it asked for, and gives what it was asked for. */
  readonly taking: TurnMeter;
  readonly giving: TurnMeter;
  /** Bytes a millisecond that come from it. */
  readonly pace: Pace;
  heardAt = 0;
  shunnedUntil = 0;
  /** Blocks that the peer asked for, and those of them that are on their way. */
  readonly queue: Block[] = [];
  readonly #onTheWay: Block[] = [];
  readonly #window: number;
  isReady = false;
  idleAt = 0;

  constructor(torrent: SimTorrent, peer: SimTorrent) {
    this.torrent = torrent;
    this.has = peer.isOrigin ? new Bitfield(torrent.geometry.pieceCount) : peer.told;
    this.#turn = turnBytes(torrent.geometry.pieceLength);
    this.taking = new TurnMeter(torrent.host.takings, this.#turn);
    this.giving = new TurnMeter(torrent.host.givings, this.#turn);
    this.#window = Math.max(2, Math.ceil(window / torrent.host.world.blockLength));
    this.pace = new Pace(torrent.host.world.queue.now);
  }

  get host(): unknown {
    return this.other.torrent.host;
  }

  /** To an origin all zones are worth the same. */
  get group(): unknown {
    return this.torrent.isOrigin ? this.other.torrent.host.plan.zone : undefined;
  }

  /** It wants something that we could give it. */
  get isInterested(): boolean {
    return this.peerIsInterested && this.torrent.hasFor(this);
  }

  get grant(): number {
    const { geometry, host } = this.torrent;
    return Math.max(geometry.pieceLength, this.#turn * host.takings.part);
  }

  get isServed(): boolean {
    return this.queue.length > 0;
  }

  get isSlow(): boolean {
    return this.taking.isSlow(this.torrent.host.world.queue.now);
  }

  get isForeign(): boolean {
    return false;
  }

  get idleSince(): number | undefined {
    return this.queue.length > 0 ? undefined : Math.max(this.since, this.idleAt);
  }

  /** True when a block of it could be put on the link. */
  get canSend(): boolean {
    return this.queue.length > 0 && this.#onTheWay.length < this.#window;
  }

  /** The next block for the peer goes on the link. */
  take(): Block | undefined {
    const block = this.queue.shift();
    if (block !== undefined) this.#onTheWay.push(block);
    return block;
  }

  /** At the receiver: `kind` of `comes` is here. */
  happen(kind: number): void {
    if (this.isClosed) return;
    if (kind === comes.unchoke) return this.torrent.unchoked(this);
    const block = this.other.landed();
    if (block !== undefined) this.torrent.arrived(this, block);
  }

  /** At the sender: the block that was longest on its way has arrived. */
  landed(): Block | undefined {
    const block = this.#onTheWay.shift();
    this.torrent.host.uplink.consider(this);
    return block;
  }
}
