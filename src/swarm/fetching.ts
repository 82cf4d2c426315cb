import { BlockBlame } from '../torrent/block-blame.ts';
import type { Bitfield } from '../torrent/bitfield.ts';
import type { Crossing } from '../torrent/crossing.ts';
import type { Block } from '../torrent/geometry.ts';
import { blockLength, pieceSize } from '../torrent/geometry.ts';
import { PiecePicker } from '../torrent/piece-picker.ts';
import { refillBelow, requestDepth } from '../torrent/request-depth.ts';
import { Requests } from '../torrent/requests.ts';
import { isPiece } from '../torrent/verify-piece.ts';
import type { Environment } from './environment.ts';
import { LetDowns } from './let-downs.ts';
import type { Member } from './member.ts';
import type { Torrent, Wanting } from './torrent.ts';
import type { WebSeed, WebSeedUser } from './web-seed.ts';
import { ZoneBorder } from './zone-border.ts';

/** A peer that owes blocks and sends none for so long (milliseconds) is left alone for a while. */
export const stallAfter = 8_000;
export const shunFor = 10_000;
/** One that sends none for so long does not keep us from drawing from another. */
export const quietAfter = 1_000;

/** Who hears how the fetching goes. */
export interface FetchingEvents {
  /** A piece is verified and on disk. */
  verified(piece: number): void;
  complete(): void;
  /** The disk refuses. */
  failed(error: unknown): void;
}

type Source = Member | WebSeed;

/** Fetches what a torrent lacks: asks its peers, puts blocks together, verifies pieces, writes them. */
export class Fetching implements Wanting, WebSeedUser {
  readonly #torrent: Torrent;
  readonly #env: Environment;
  readonly #events: FetchingEvents;
  readonly #picker: PiecePicker;
  readonly #requests: Requests<Source>;
  /** Where the pieces that were begun are put together. */
  readonly #buffers = new Map<number, Uint8Array>();
  readonly #letDowns: LetDowns;
  readonly #blame = new BlockBlame<Source>();
  /** Pieces that have come since peers were told last. */
  #fresh: number[] = [];
  /** What may be fetched from outside the zone, at a host that stands in one. */
  readonly #border: ZoneBorder | undefined;
  #isClosed = false;
  /** When the last wanted block came from a peer, and from any source. */
  peerBlockAt: number;
  blockAt: number;
  bytesFromPeers = 0;
  bytesFromWebSeeds = 0;

  constructor(torrent: Torrent, env: Environment, events: FetchingEvents) {
    this.#torrent = torrent;
    this.#env = env;
    this.#events = events;
    this.#picker = new PiecePicker(torrent.have, env.random);
    this.#requests = new Requests(torrent.metainfo, this.#picker, {
      mayBegin: () => env.pieces.hasRoom(torrent.metainfo.pieceLength),
      cancel: (source, block) => {
        if ('peer' in source) source.peer.cancel(block);
      },
      isAnyLeft: () =>
        this.#border?.isAnyLeft(this.#picker, env.clock.now()) ?? this.#picker.openCount > 0,
    });
    this.#letDowns = new LetDowns(env.clock);
    this.#border =
      env.zone === undefined
        ? undefined
        : new ZoneBorder(env.zone, torrent.metainfo.pieceCount, env.clock.now(), {
            id: env.id,
            members: () => torrent.members,
            isComing: (piece) => this.#requests.isComing(piece),
            isHad: (piece) => torrent.have.has(piece),
            isShunned: (member, now) => this.#isShunned(member, now),
          });
    this.peerBlockAt = env.clock.now();
    this.blockAt = env.clock.now();
    env.teller.add(this);
  }

  /** Connected peers that have something which is missing. */
  get usefulPeers(): number {
    return [...this.#torrent.members].filter((member) => member.useful > 0).length;
  }

  /** Connected peers outside the host's zone; all of them where no zone is known. */
  get peersOutside(): number {
    return this.#border?.outside ?? this.#torrent.memberCount;
  }

  /** A reader waits for this piece. */
  hurry(piece: number): void {
    this.#picker.hurry(piece);
  }

  tick(now: number): void {
    this.#sweep();
    for (const member of this.#torrent.members) {
      if (!member.isDrawing || now - member.heardAt <= quietAfter) continue;
      this.#discount(member);
      if (now - member.heardAt <= stallAfter) continue;
      for (const block of this.#requests.takeBack(member)) member.peer.cancel(block);
      member.shunnedUntil = now + shunFor;
      this.#letDowns.add(member.peer.remote.host);
      this.#settled(member);
    }
    this.#border?.tick(now);
    this.#askAll();
    this.#env.teller.soon();
  }

  /** Tells all peers what is new, and whose turn is wanted. */
  tell(): void {
    const fresh = this.#fresh;
    const now = this.#env.clock.now();
    if (fresh.length > 0) this.#fresh = [];
    for (const member of this.#torrent.members) {
      // Also those that have the pieces: an origin must know what the swarm has.
      if (!member.peer.has.isFull) member.peer.have(fresh);
      if (member.giving.isSlow(now)) this.#discount(member);
      this.#setInterest(member);
    }
  }

  /** Tells what is not told yet, and lets go of what was begun. */
  close(): void {
    this.tell();
    this.#isClosed = true;
    this.#env.teller.remove(this);
    for (const member of this.#torrent.members) this.#discount(member);
    for (const buffer of this.#buffers.values()) this.#env.pieces.give(buffer);
    this.#buffers.clear();
  }

  gained(member: Member, pieces: readonly number[]): void {
    for (const piece of pieces) {
      this.#picker.gained(piece);
      if (!this.#torrent.have.has(piece)) member.useful++;
    }
    this.#border?.gained(member, pieces, this.#env.clock.now());
    this.#ask(member);
    this.#env.teller.soon();
  }

  choked(member: Member): void {
    if (member.peer.isFast) this.#requests.release(member);
    else this.#requests.takeBack(member);
    this.#settled(member);
    this.#askAll();
  }

  unchoked(member: Member): void {
    this.#ask(member);
    // If it comes too late, and enough others have been asked, the turn is another's.
    this.#setInterest(member);
  }

  block(source: Source, piece: number, begin: number, data: Uint8Array): void {
    if (this.#isClosed) return;
    const now = this.#env.clock.now();
    const block = { piece, begin, length: data.length };
    const arrival = this.#requests.arrived(source, block, now);
    if (arrival.kind === 'unasked' && 'peer' in source)
      source.peer.close('it sent a block that was not asked for');
    if (arrival.kind !== 'wanted') {
      if ('peer' in source) this.#settled(source);
      return;
    }
    this.#count(source, data.length, now);
    const buffer = this.#bufferOf(piece);
    buffer.set(data, begin);
    this.#blame.came(piece, begin, data.length, source);
    for (const other of arrival.cancel) {
      if (!('peer' in other)) continue;
      other.peer.cancel(block);
      // Who dribbles under ever new names would hold up the end again and again.
      if (other.giving.isSlow(now) && !this.#isShunned(other, now))
        this.#letDowns.add(other.peer.remote.host);
      this.#ask(other);
      this.#settled(other);
    }
    if (arrival.complete) void this.#finish(piece, buffer);
    if (!('peer' in source)) return;
    this.#ask(source);
    this.#settled(source);
  }

  crosses(member: Member, crossing: Crossing): boolean {
    const border = this.#border;
    if (border === undefined) return false;
    const isNew = border.heard(member, crossing, this.#env.clock.now());
    const yielded = crossing.begun.filter(
      (piece) => border.mustYield(member, piece) && this.#requests.yield(piece),
    );
    for (const piece of yielded) this.#blame.forget(piece);
    if (yielded.length > 0) for (const one of this.#torrent.members) this.#settled(one);
    if (yielded.length > 0 || crossing.over.length > 0) this.#askAll();
    return isNew;
  }

  rejected(member: Member, block: Block): boolean {
    if (!this.#requests.rejected(member, block)) return false;
    // Who refuses without a choke would refuse again at once.
    if (!member.peer.isChoking) member.shunnedUntil = this.#env.clock.now() + 1_000;
    this.#settled(member);
    this.#askAll();
    return true;
  }

  left(member: Member): void {
    this.#picker.left(member.peer.has);
    this.#border?.left(member);
    this.#requests.forget(member);
    this.#settled(member);
    this.#askAll();
  }

  reserve(source: WebSeed, most: number): readonly number[] {
    if (this.#isClosed) return [];
    const now = this.#env.clock.now();
    const run = this.#requests.askRun(source, most, now, this.#border?.fieldOf(source, now));
    for (const piece of run) this.#bufferOf(piece);
    this.#border?.asked(
      source,
      run.map((piece) => ({ piece })),
    );
    return run;
  }

  giveBack(source: WebSeed): void {
    this.#requests.forget(source);
    this.#askAll();
  }

  failed(source: WebSeed, error: unknown): void {
    this.#env.log.warn({ url: source.url, error: String(error) }, 'the web seed failed');
  }

  #askAll(): void {
    for (const member of this.#torrent.members) this.#ask(member);
    this.#border?.review();
  }

  #ask(member: Member): void {
    const { peer } = member;
    const { appetite } = this.#env;
    const now = this.#env.clock.now();
    if (this.#isClosed || peer.isChoking || peer.isClosed) return;
    if (member.useful === 0 || this.#isShunned(member, now)) return;
    // Others decide on turns so rarely that theirs are never turned down.
    if (!member.isDrawing && appetite.isFull && !peer.isForeign) return;
    if (!member.isDrawing && this.#border?.isFull(member, appetite.most, now) === true) return;
    const { pieceLength } = this.#torrent.metainfo;
    const depth = requestDepth(member.pace.rate, pieceLength, blockLength, peer.requestLimit);
    const outstanding = this.#requests.outstanding(member);
    if (outstanding > depth * refillBelow) return;
    const blocks: Block[] = [];
    const has = this.#fieldOf(member, now);
    // Whole pieces, so that none is left half done when a turn ends.
    let isAmidst = false;
    while (outstanding + blocks.length < (isAmidst ? peer.requestLimit : depth)) {
      const block = this.#requests.next(member, has, now);
      if (block === undefined) break;
      this.#bufferOf(block.piece);
      blocks.push(block);
      isAmidst = block.begin + block.length < pieceSize(this.#torrent.metainfo, block.piece);
    }
    if (outstanding === 0 && blocks.length > 0) {
      member.heardAt = now;
      member.pace.resume(now);
    }
    if (blocks.length > 0) this.#drawsFrom(member, now);
    peer.request(blocks);
    if (blocks.length > 0) this.#border?.asked(member, blocks);
    if (outstanding + blocks.length === 0) this.#setInterest(member);
  }

  /** Its pieces, as far as they may be fetched from it. */
  #fieldOf(member: Member, now: number): Bitfield {
    return this.#border?.fieldOf(member, now) ?? member.peer.has;
  }

  #isShunned(member: Member, now: number): boolean {
    return member.shunnedUntil > now || this.#letDowns.isOut(member.peer.remote.host);
  }

  #drawsFrom(member: Member, now: number): void {
    member.isDrawing = true;
    member.giving.begin(now);
    this.#countIn(member, now);
    // Who asks says first that it is interested (BEP 3).
    this.#setInterest(member);
  }

  #countIn(member: Member, now: number): void {
    if (member.isCounted || member.giving.isSlow(now)) return;
    member.isCounted = true;
    this.#env.appetite.began();
  }

  #discount(member: Member): void {
    if (!member.isCounted) return;
    member.isCounted = false;
    this.#env.appetite.ended();
    this.#env.teller.soon();
  }

  /** What a peer owes has become less. */
  #settled(member: Member): void {
    if (!member.isDrawing || this.#requests.outstanding(member) > 0) return;
    member.isDrawing = false;
    member.giving.end(this.#env.clock.now());
    this.#discount(member);
    this.#env.teller.soon();
  }

  /**
   * Interest asks for a turn at the peer. Among ourselves it is withdrawn as soon as there is nothing to ask for, so that
   * the turn is another's, or when enough others send; other clients decide on turns so rarely that for them it stands
   * while they have what is missing.
   */
  #setInterest(member: Member): void {
    const { peer } = member;
    if (peer.isClosed) return;
    const isInterested = peer.isForeign ? member.useful > 0 : this.#wantsTurn(member);
    if (peer.amInterested !== isInterested) peer.setInterested(isInterested);
  }

  #wantsTurn(member: Member): boolean {
    const { peer } = member;
    if (member.isDrawing) return true;
    if (this.#torrent.have.isFull || this.#env.appetite.isFull) return false;
    const now = this.#env.clock.now();
    if (this.#isShunned(member, now)) return false;
    if (peer.reveals && peer.isChoking) return true;
    if (this.#border?.isFull(member, this.#env.appetite.most, now) === true) return false;
    if (member.useful === 0) return false;
    const has = this.#fieldOf(member, now);
    return this.#requests.wants(member, has, now) || this.#requests.mayNeed(has);
  }

  #count(source: Source, bytes: number, now: number): void {
    this.blockAt = now;
    this.#border?.came(source, now);
    if ('peer' in source) {
      source.heardAt = now;
      if (source.isDrawing) this.#countIn(source, now);
      source.pace.came(bytes, now);
      source.giving.passed(bytes, now);
      this.peerBlockAt = now;
      this.bytesFromPeers += bytes;
      this.#env.counters.received += bytes;
    } else {
      this.bytesFromWebSeeds += bytes;
      this.#env.counters.fromWebSeeds += bytes;
    }
  }

  #bufferOf(piece: number): Uint8Array {
    const found = this.#buffers.get(piece);
    if (found !== undefined) return found;
    const taken = this.#env.pieces.takeNow(pieceSize(this.#torrent.metainfo, piece));
    this.#buffers.set(piece, taken);
    return taken;
  }

  /** Pieces that came to nothing need no buffer. */
  #sweep(): void {
    for (const [piece, buffer] of this.#buffers) {
      if (this.#requests.isBegun(piece)) continue;
      this.#buffers.delete(piece);
      this.#blame.forget(piece);
      this.#env.pieces.give(buffer);
    }
  }

  async #finish(piece: number, buffer: Uint8Array): Promise<void> {
    this.#buffers.delete(piece);
    const { metainfo, store } = this.#torrent;
    const bytes = buffer.subarray(0, pieceSize(metainfo, piece));
    try {
      if (!isPiece(metainfo, piece, bytes)) return this.#wrong(piece, bytes);
      for (const liar of this.#blame.verified(piece, bytes)) this.#lied(liar, piece);
      await store.write(piece, bytes);
    } catch (error) {
      return this.#events.failed(error);
    } finally {
      this.#env.pieces.give(buffer);
    }
    const { have } = this.#torrent;
    const sender = this.#requests.verified(piece);
    if (sender !== undefined && 'peer' in sender) this.#letDowns.forgive(sender.peer.remote.host);
    have.add(piece);
    for (const member of this.#torrent.members) if (member.peer.has.has(piece)) member.useful--;
    this.#fresh.push(piece);
    this.#env.teller.soon();
    this.#events.verified(piece);
    if (have.isFull) this.#events.complete();
    else this.#askAll();
  }

  #wrong(piece: number, bytes: Uint8Array): void {
    const culprit = this.#requests.failed(piece);
    if (culprit === undefined) {
      const { infoHash } = this.#torrent.metainfo;
      this.#env.log.warn({ infoHash, piece }, 'a piece of several peers was wrong');
      this.#blame.failed(piece, bytes);
    } else {
      this.#blame.forget(piece);
      this.#lied(culprit, piece);
    }
    this.#askAll();
  }

  #lied(source: Source, piece: number): void {
    const { infoHash } = this.#torrent.metainfo;
    if ('peer' in source) {
      const { id, remote } = source.peer;
      this.#env.log.warn(
        { infoHash, piece, peer: remote },
        'a peer sent a wrong piece and is banned',
      );
      this.#env.bans.add(id, remote.host);
      source.peer.close('it sent a wrong piece');
    } else {
      this.#env.log.warn({ infoHash, piece, url: source.url }, 'a web seed sent a wrong piece');
      source.lied();
    }
  }
}
