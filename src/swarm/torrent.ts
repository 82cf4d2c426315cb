import { Bitfield } from '../torrent/bitfield.ts';
import { crossingId, parseCrossing, type Crossing } from '../torrent/crossing.ts';
import { isValidBlock, type Block } from '../torrent/geometry.ts';
import type { Handshake } from '../torrent/handshake.ts';
import { longestBlock, splitBlock } from '../torrent/long-block.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { Reveal } from '../torrent/reveal.ts';
import type { WireMessage } from '../torrent/wire.ts';
import { Crowd } from './crowd.ts';
import type { PieceStore } from './disk.ts';
import type { Environment } from './environment.ts';
import { Member } from './member.ts';
import type { Connection } from './network.ts';
import { Peer, requestLimit, type PeerEvents } from './peer.ts';
import { PieceDoubts } from './piece-doubts.ts';
import { Showing } from './showing.ts';

/** Connections of one torrent. */
export const mostMembers = 60;
export const mostMembersOfOrigin = 100;
/** At a host in a zone so many places are kept for those whom it dials: the others of the zone could take all. */
const keptForDialled = 8;
/** When all are taken, one that was of no use for so long (milliseconds) makes room for another. */
const uselessAfter = 120_000;
const clientName = 'Docket';

/** The half of a torrent that wants something: told what peers have and send. */
export interface Wanting {
  /** It has these pieces too now. */
  gained(member: Member, pieces: readonly number[]): void;
  choked(member: Member): void;
  unchoked(member: Member): void;
  block(member: Member, piece: number, begin: number, data: Uint8Array): void;
  /** What it fetches from outside the zone. False when that means nothing, or was known. */
  crosses(member: Member, crossing: Crossing): boolean;
  /** False when the member did not owe the block. */
  rejected(member: Member, block: Block): boolean;
  left(member: Member): void;
}

/** One blob's swarm as this host sees it: the peers it is connected to, and what is shown and sent to them. */
export class Torrent implements PeerEvents {
  readonly metainfo: Metainfo;
  /** The pieces that are verified and on disk. */
  readonly have: Bitfield;
  readonly store: PieceStore;
  wanting: Wanting | undefined;
  /** Hears that the bytes on the disk are not those of the blob any more. */
  onDamage: ((piece: number, why: string) => void) | undefined;
  /** Hears of each peer that left. */
  onLeft: ((peer: Peer) => void) | undefined;
  /** Bytes of pieces sent. */
  sent = 0;
  readonly #env: Environment;
  readonly #members = new Map<Peer, Member>();
  /** Those of them that came by themselves. */
  readonly #crowd: Crowd;
  readonly #showing: Showing | undefined;
  readonly #doubts: PieceDoubts;
  readonly #mostMembers: number;
  #idleSince: number;
  #closed: Promise<void> | undefined;

  constructor(metainfo: Metainfo, store: PieceStore, have: Bitfield, env: Environment) {
    this.metainfo = metainfo;
    this.store = store;
    this.have = have;
    this.#env = env;
    this.#idleSince = env.clock.now();
    this.#doubts = new PieceDoubts(metainfo, store, env.clock, (piece, why) =>
      this.onDamage?.(piece, why),
    );
    const isRevealing = env.isOrigin && have.isFull;
    this.#mostMembers = env.isOrigin ? mostMembersOfOrigin : mostMembers;
    this.#crowd = new Crowd(this.#mostMembers);
    this.#showing = isRevealing
      ? new Showing(metainfo, new Reveal(have.length, env.random))
      : undefined;
  }

  get members(): Iterable<Member> {
    return this.#members.values();
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  isConnectedTo(host: string): boolean {
    for (const { remote } of this.#members.keys()) if (remote.host === host) return true;
    return false;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /**
   * Takes part with a peer whose handshake came. `again`: not now; `never`: not with this one. `onLeft` is called when it
   * has joined and is gone.
   */
  join(
    connection: Connection,
    handshake: Handshake,
    rest: Uint8Array,
    isOutgoing: boolean,
    onLeft = (): void => {},
  ): 'joined' | 'again' | 'never' {
    const { id, bans, clock, download, slots } = this.#env;
    if (handshake.peerId === id || bans.isBanned(handshake.peerId, connection.remote.host))
      return 'never';
    if (this.isClosed || !this.#hasRoomFor(connection, isOutgoing)) return 'again';
    if (!this.#replaces(connection, handshake, isOutgoing)) return 'again';
    const setting = {
      isOutgoing,
      pieceCount: this.metainfo.pieceCount,
      download,
      events: this,
      now: clock.now(),
    };
    const peer = new Peer(connection, handshake, setting);
    const member = new Member(peer, this.metainfo, clock.now(), this.#env, {
      read: (piece, begin, parts) => this.#read(piece, begin, parts),
      send: (messages, done) => peer.sendBlocks(messages, done),
      sent: (blocks) => this.#sent(member, blocks),
      longestBlock: () => peer.longestBlock,
      idle: () => {
        member.hasAll(clock.now());
        slots.reconsider();
      },
      hasFor: () => this.#showing?.hasFor(member, clock.now()) ?? true,
      turnBegan: (anew) => this.#showing?.turnBegan(member, anew, clock.now()),
      failed: (error) => peer.close(`its piece cannot be read: ${String(error)}`),
    });
    this.#members.set(peer, member);
    if (!isOutgoing) this.#crowd.add(peer.remote.host);
    member.onLeft = onLeft;
    slots.add(member);
    const shown = this.#showing?.joined(member, clock.now()) ?? this.have;
    peer.introduce(shown, {
      client: clientName,
      port: this.#env.port(),
      requestLimit,
      isUploadOnly: shown.isFull,
      longestBlock,
      reveals: this.have.isFull && !shown.isFull,
      zone: this.#env.zone,
      crossingId: this.#env.zone === undefined ? undefined : crossingId,
    });
    this.#showing?.update(clock.now());
    peer.start(rest, () => clock.now());
    return 'joined';
  }

  /** Leaves those to whom we can give nothing, and who can give us nothing. */
  partFromSeeds(): void {
    for (const member of this.#members.values()) {
      if (member.isPointless(this.have)) member.peer.close('both have everything');
    }
  }

  tick(now: number): void {
    for (const { peer } of this.#members.values()) peer.tick(now);
    this.#showing?.update(now);
  }

  /** Milliseconds since the last peer left; 0 while there are any. */
  idleFor(now: number): number {
    return this.#members.size > 0 ? 0 : now - this.#idleSince;
  }

  /** Leaves all peers and closes the file. */
  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    this.wanting = undefined;
    this.#doubts.close();
    this.#closed = this.store.close();
    for (const { peer } of this.#members.values()) peer.close('the torrent is closed');
    return this.#closed;
  }

  message(peer: Peer, message: WireMessage): void {
    const member = this.#members.get(peer);
    if (member === undefined) return;
    switch (message.type) {
      case 'choke':
        if (peer.isChoking) return this.#heardNothing(member);
        peer.isChoking = true;
        return this.wanting?.choked(member);
      case 'unchoke':
        if (!peer.isChoking) return this.#heardNothing(member);
        peer.isChoking = false;
        return this.wanting?.unchoked(member);
      case 'interested':
      case 'notInterested':
        return this.#interest(member, message.type === 'interested');
      case 'have':
        return message.piece < this.have.length
          ? this.#gained(member, [message.piece])
          : peer.close('it announced a piece that does not exist');
      case 'bitfield':
        // Once and first, says BEP 3; but aria2 sends one whenever it is shorter than many a HAVE.
        return this.#announced(member, Bitfield.parse(message.bits, this.have.length));
      case 'haveAll':
        return this.#announced(member, Bitfield.full(this.have.length));
      case 'request':
        return this.#asked(member, message.block);
      case 'cancel':
        return this.#heardOf(member, message.block, (part) => member.cancelled(part));
      case 'reject':
        return this.#heardOf(
          member,
          message.block,
          (part) => this.wanting?.rejected(member, part) === true,
        );
      case 'piece':
        return this.wanting === undefined
          ? peer.close('it sent a block that was not asked for')
          : this.wanting.block(member, message.piece, message.begin, message.data);
      case 'extended':
        if (message.id === crossingId) return this.#crosses(member, message.payload);
        // Of who says now that it has more than it shows a turn is wanted.
        if (peer.reveals) this.wanting?.gained(member, []);
        return this.#heardNothing(member);
      case 'haveNone':
      case 'keepAlive':
      case 'port':
      case 'suggest':
      case 'allowedFast':
        return this.#heardNothing(member);
    }
  }

  drained(peer: Peer): void {
    this.#members.get(peer)?.drained();
  }

  gone(peer: Peer): void {
    const member = this.#members.get(peer);
    if (member === undefined) return;
    this.#members.delete(peer);
    if (!peer.isOutgoing) this.#crowd.remove(peer.remote.host);
    member.onLeft();
    if (!this.isClosed) this.#doubts.add(member.sentPieces.doubtful);
    this.#idleSince = this.#env.clock.now();
    member.close();
    this.#env.slots.remove(member);
    this.#showing?.left(member);
    this.wanting?.left(member);
    this.onLeft?.(peer);
    this.#env.log.debug(
      { infoHash: this.metainfo.infoHash, peer: peer.remote, reason: peer.reason },
      'peer left',
    );
  }

  #crosses(member: Member, payload: Uint8Array): void {
    // Who was not told that we hear it may mean something else by that number.
    if (this.#env.zone === undefined) return this.#heardNothing(member);
    const crossing = parseCrossing(payload, this.metainfo.pieceCount);
    if (crossing === undefined) return member.peer.close('it fetches what does not exist');
    if (this.wanting?.crosses(member, crossing) !== true) this.#heardNothing(member);
  }

  /** Whoever comes many times from one address leaves room for others. */
  #hasRoomFor({ remote }: Connection, isOutgoing: boolean): boolean {
    const kept = isOutgoing || this.#env.zone === undefined ? 0 : keptForDialled;
    const most = this.#mostMembers - kept;
    if (this.#members.size >= most) this.#makeRoom();
    if (this.#members.size >= most) return false;
    return isOutgoing || this.#crowd.hasRoomFor(remote.host);
  }

  #makeRoom(): void {
    const before = this.#env.clock.now() - uselessAfter;
    const useless = [...this.#members.values()].find(({ usefulAt }) => usefulAt < before);
    useless?.peer.close('it made room for another');
  }

  /**
   * Of two connections to one peer one stays. When both sides dialled at once, it is the one of the smaller id, so that
   * both decide alike. Whoever uses another's id from elsewhere cannot keep that one out.
   */
  #replaces({ remote }: Connection, { peerId }: Handshake, isOutgoing: boolean): boolean {
    const other = [...this.#members.keys()].find(
      (peer) => peer.id === peerId && mayBeSameHost(peer.remote.host, remote.host),
    );
    if (other === undefined) return true;
    const isNewKept = isOutgoing === this.#env.id < peerId;
    if (other.isOutgoing === isOutgoing || !isNewKept) return false;
    other.close('it is connected twice');
    return true;
  }

  #interest(member: Member, isInterested: boolean): void {
    if (member.peer.isInterested === isInterested) return this.#heardNothing(member);
    member.peer.isInterested = isInterested;
    this.#env.slots.reconsider();
  }

  #announced(member: Member, field: Bitfield | undefined): void {
    if (field === undefined) member.peer.close('its bitfield has spare bits');
    else this.#gained(member, [...field.indexes()]);
  }

  #gained(member: Member, pieces: readonly number[]): void {
    const { peer } = member;
    const gained = pieces.filter((piece) => peer.has.add(piece));
    if (gained.length === 0) return this.#heardNothing(member);
    member.sentPieces.had(gained);
    this.wanting?.gained(member, gained);
    this.#showing?.had(member, gained, this.#env.clock.now());
    if (member.isPointless(this.have)) peer.close('both have everything');
  }

  /** The peer said what was known, or means nothing here: it may now and then, but not without end. */
  #heardNothing(member: Member): void {
    if (!member.smallTalk.take(this.#env.clock.now())) member.peer.close('it talks without end');
  }

  /** The peer spoke of a block: `tell` hears of each usual part of it, and gives false when that meant nothing. */
  #heardOf(member: Member, block: Block, tell: (part: Block) => boolean): void {
    const meant = this.#partsOf(member, block).filter((part) => tell(part));
    if (meant.length === 0) this.#heardNothing(member);
  }

  /** The block in usual ones; none when there is no such block. */
  #partsOf(member: Member, block: Block): readonly Block[] {
    return isValidBlock(this.metainfo, block, member.peer.longestBlock) ? splitBlock(block) : [];
  }

  #asked(member: Member, block: Block): void {
    const parts = this.#partsOf(member, block);
    if (parts.length === 0) return member.peer.close('it asked for an impossible block');
    const now = this.#env.clock.now();
    for (const part of parts) {
      if (this.have.has(part.piece)) member.ask(part, now);
      else member.peer.reject(part);
    }
    if (member.isSated) this.#env.slots.reconsider();
  }

  async #read(piece: number, begin: number, parts: readonly Uint8Array[]): Promise<void> {
    try {
      await this.store.read(piece, begin, parts);
    } catch (error) {
      if (!this.isClosed) this.#doubts.add([piece]);
      throw error;
    }
  }

  #sent(member: Member, blocks: readonly Block[]): void {
    const now = this.#env.clock.now();
    for (const block of blocks) {
      this.sent += block.length;
      member.sentPieces.add(block);
      member.hasSent(block.length, now);
      this.#env.counters.sent += block.length;
      this.#showing?.sent(member, block, now);
    }
  }
}

/** A host has one address of each family, as far as swarms matter. */
function mayBeSameHost(one: string, other: string): boolean {
  return one === other || one.includes(':') !== other.includes(':');
}
