import { requestLimit } from '../../../src/swarm/peer.ts';
import { Bitfield } from '../../../src/torrent/bitfield.ts';
import { isValidBlock, type Block } from '../../../src/torrent/geometry.ts';
import type { InfoHash } from '../../../src/torrent/ids.ts';
import type { WireMessage } from '../../../src/torrent/wire.ts';
import { bytesOf, type Blob } from '../scenario/blob.ts';
import type { End, Tap } from '../world/end.ts';
import { AskedBlocks } from './asked-blocks.ts';
import { describe, keyOf, nameOf, sentBlock } from './block-key.ts';
import { HeardStream } from './heard-stream.ts';

/** The engine whose conduct is watched. */
export interface Subject {
  blobOf(infoHash: InfoHash): Blob | undefined;
  /** True when the right bytes of the piece are on its disk. */
  hasOnDisk(blob: Blob, piece: number): boolean;
  /** Its disk gives wrong bytes: it cannot know what it sends. */
  readonly isRotten: boolean;
  readonly conducts: Set<Conduct>;
  /** Those that something happened to since the last event. */
  readonly touched: Set<Conduct>;
  /** Peers that it serves. */
  unchoked: number;
  /** A peer at this address sent a block with wrong bytes. */
  wasLiedTo(from: string, block: Block): void;
  wrong(what: string): void;
  trace(text: () => string): void;
}

/** The most requests that the engine may have waiting at one peer, whatever that bears. */
const mostAhead = 1_024;
/** Bytes that may wait in the process for a peer that does not read, above what makes a writer wait. */
const mostUnread = 1024 * 1024;
/** As many requests of a peer may wait, and as many again be read from the disk. */
const mostWaiting = 2 * requestLimit;

/**
 * Watches one connection of a real engine: what it says must be true, asked for, and no more than agreed (BEP 3, 6). It hears
 * a chunk just before the engine does, so what it knows is ahead of the engine by a chunk at most.
 */
export class Conduct implements Tap {
  readonly end: End;
  /** When it began. */
  readonly since: number;
  /** The blob that it is about, as soon as both sides have said so. */
  blob: Blob | undefined;
  readonly #subject: Subject;
  readonly #roomInNetwork: number;
  readonly #said: HeardStream;
  readonly #heard: HeardStream;
  #peerHas = new Bitfield(0);
  /** What it asked the peer for, and the peer it. */
  readonly #asked = new AskedBlocks();
  readonly #due = new AskedBlocks();
  /** Whether the peer chokes; whether it did not at any moment of the chunk that is handled; whether it did at one. */
  #isChoked = true;
  #wasUnchoked = false;
  #wasChoked = false;
  #isHandling = false;
  #isInterested = false;
  #isChoking = true;
  #hasShown = false;
  /** What the peer did that must end the connection. */
  #offence: { readonly what: string; readonly block: number | undefined } | undefined;

  constructor(end: End, subject: Subject, roomInNetwork: number) {
    this.end = end;
    this.since = end.process.timeline.now;
    this.#subject = subject;
    this.#roomInNetwork = roomInNetwork;
    const blobOf = (infoHash: InfoHash): Blob | undefined => subject.blobOf(infoHash);
    this.#said = new HeardStream(blobOf, (message) => this.#says(message, this.#meet()));
    this.#heard = new HeardStream(blobOf, (message) => this.#hears(message, this.#meet()));
    subject.conducts.add(this);
  }

  /** True once both sides have said who they are. */
  get isJoined(): boolean {
    return this.#said.handshake !== undefined && this.#heard.handshake !== undefined;
  }

  wrote(parts: readonly Uint8Array[]): void {
    this.#subject.touched.add(this);
    let bytes = this.end.outboxBytes;
    for (const part of parts) {
      bytes += part.length;
      this.#said.push(part);
    }
    if (this.#said.wrong !== undefined) this.#wrong(`it sends an impossible ${this.#said.wrong}`);
    if (bytes > this.#roomInNetwork + mostUnread) this.#wrong(`${bytes} bytes wait for it`);
  }

  heard(chunk: Uint8Array): void {
    this.#subject.touched.add(this);
    this.#isHandling = true;
    this.#wasUnchoked = !this.#isChoked;
    this.#heard.push(chunk);
    if (this.#heard.wrong !== undefined) this.#offends(this.#heard.wrong);
  }

  handled(): void {
    // What it asked for while it did not know yet of the choke is void too.
    if (this.#wasChoked) this.#asked.wanted.clear();
    this.#isHandling = false;
    this.#wasUnchoked = false;
    this.#wasChoked = false;
  }

  closed(): void {
    this.#subject.conducts.delete(this);
    if (!this.#isChoking) this.#subject.unchoked--;
  }

  /** All that follows from the last event has happened. */
  settled(): void {
    const { wanted } = this.#due;
    const offence = this.#offence;
    if (this.end.isClosed || !this.isJoined) return;
    this.#offence = undefined;
    if (
      offence !== undefined &&
      (offence.block === undefined || !this.#asked.mayCome(offence.block))
    )
      this.#wrong(`it goes on with a peer after ${offence.what}`);
    if (this.#isFast && wanted.size > mostWaiting)
      this.#wrong(`${wanted.size} requests of the peer wait`);
  }

  get #isFast(): boolean {
    return this.#said.handshake?.fast === true && this.#heard.handshake?.fast === true;
  }

  /** The blob that this is about. */
  #meet(): Blob {
    if (this.blob !== undefined) return this.blob;
    const handshake = this.#said.handshake ?? this.#heard.handshake;
    const blob = handshake && this.#subject.blobOf(handshake.infoHash);
    if (blob === undefined) throw new Error('messages before a handshake');
    this.blob = blob;
    this.#peerHas = new Bitfield(blob.metainfo.pieceCount);
    return blob;
  }

  #says(message: WireMessage, blob: Blob): void {
    this.#trace('>', message);
    switch (message.type) {
      case 'choke':
      case 'unchoke':
        return this.#chokes(message.type === 'choke');
      case 'interested':
      case 'notInterested': {
        const isInterested = message.type === 'interested';
        if (this.#isInterested === isInterested) this.#wrong(`it says ${message.type} twice`);
        this.#isInterested = isInterested;
        return;
      }
      case 'have':
        return this.#shows(blob, message.piece);
      case 'bitfield':
        return this.#showsAll(blob, Bitfield.parse(message.bits, blob.metainfo.pieceCount));
      case 'haveAll':
        return this.#showsAll(blob, Bitfield.full(blob.metainfo.pieceCount));
      case 'haveNone':
        return this.#showsAll(blob, new Bitfield(blob.metainfo.pieceCount));
      case 'request':
        return this.#asks(blob, message.block);
      case 'cancel':
        // While a chunk is handled, the answer in it may not have been heard by the engine.
        if (!this.#asked.takeBack(keyOf(message.block)) && !this.#isHandling)
          this.#wrong(`it cancels ${nameOf(message.block)}, not asked for`);
        return;
      case 'piece':
        return this.#serves(blob, sentBlock(message), message.data);
      case 'reject':
        if (!this.#due.answer(keyOf(message.block)))
          this.#wrong(`it rejects ${nameOf(message.block)}, not asked for`);
        return;
      case 'keepAlive':
      case 'port':
      case 'suggest':
      case 'allowedFast':
      case 'extended':
    }
  }

  #hears(message: WireMessage, blob: Blob): void {
    this.#trace('<', message);
    switch (message.type) {
      case 'choke':
        this.#isChoked = true;
        if (this.#isFast) return;
        this.#asked.wanted.clear();
        this.#wasChoked = true;
        return;
      case 'unchoke':
        this.#isChoked = false;
        this.#wasUnchoked = true;
        return;
      case 'have':
        if (message.piece >= this.#peerHas.length) this.#offends('a HAVE of no piece');
        else this.#peerHas.add(message.piece);
        return;
      case 'bitfield': {
        const field = Bitfield.parse(message.bits, this.#peerHas.length);
        if (field === undefined) this.#offends('a bitfield with spare bits');
        for (const piece of field?.indexes() ?? []) this.#peerHas.add(piece);
        return;
      }
      case 'haveAll':
        return this.#peerHas.fill();
      case 'request':
        if (isValidBlock(blob.metainfo, message.block)) this.#due.ask(keyOf(message.block));
        else this.#offends('an impossible request');
        return;
      case 'cancel':
        // It may have been answered at the same time.
        this.#due.takeBack(keyOf(message.block));
        return;
      case 'reject':
        this.#asked.answer(keyOf(message.block));
        return;
      case 'piece':
        return this.#gets(blob, sentBlock(message), message.data);
      case 'haveNone':
      case 'interested':
      case 'notInterested':
      case 'keepAlive':
      case 'port':
      case 'suggest':
      case 'allowedFast':
      case 'extended':
    }
  }

  #chokes(isChoking: boolean): void {
    if (this.#isChoking === isChoking)
      return this.#wrong(`it says ${isChoking ? 'choke' : 'unchoke'} twice`);
    this.#isChoking = isChoking;
    this.#subject.unchoked += isChoking ? -1 : 1;
    if (isChoking && !this.#isFast) this.#due.forget();
    return undefined;
  }

  #showsAll(blob: Blob, shown: Bitfield | undefined): void {
    if (shown === undefined) return this.#wrong('its bitfield has spare bits');
    if (this.#hasShown) this.#wrong('it shows all its pieces twice');
    this.#hasShown = true;
    for (const piece of shown.indexes()) this.#shows(blob, piece);
    return undefined;
  }

  #shows(blob: Blob, piece: number): void {
    if (!this.#subject.hasOnDisk(blob, piece))
      this.#wrong(`it shows piece ${piece}, which is not on its disk`);
  }

  #asks({ metainfo }: Blob, block: Block): void {
    const key = keyOf(block);
    const { wanted } = this.#asked;
    const name = nameOf(block);
    if (!isValidBlock(metainfo, block)) this.#wrong(`it asks for ${name}, which cannot be`);
    if (!this.#peerHas.has(block.piece)) this.#wrong(`it asks for ${name} of a peer that lacks it`);
    if (this.#isChoked && !this.#wasUnchoked) this.#wrong(`it asks for ${name} while it is choked`);
    // In a chunk with chokes it cannot be told what it asked for before which.
    if (wanted.has(key) && !this.#wasChoked) this.#wrong(`it asks for ${name} twice`);
    this.#asked.ask(key);
    if (wanted.size > mostAhead) this.#wrong(`it has ${wanted.size} requests waiting at one peer`);
  }

  #serves(blob: Blob, block: Block, data: Uint8Array): void {
    const name = nameOf(block);
    if (!this.#due.answer(keyOf(block))) return this.#wrong(`it sends ${name}, not asked for`);
    if (this.#subject.isRotten) return undefined;
    if (!bytesOf(blob, block).equals(data)) return this.#wrong(`it sends ${name} with wrong bytes`);
    return this.#shows(blob, block.piece);
  }

  #gets(blob: Blob, block: Block, data: Uint8Array): void {
    const key = keyOf(block);
    if (!this.#asked.answer(key)) this.#offends(`the block ${nameOf(block)}, not asked for`, key);
    else if (!bytesOf(blob, block).equals(data))
      this.#subject.wasLiedTo(this.end.remote.host, block);
  }

  #offends(what: string, block?: number): void {
    this.#offence ??= { what, block };
  }

  #trace(direction: '<' | '>', message: WireMessage): void {
    const { host, port } = this.end.remote;
    this.#subject.trace(() => `${direction} ${host}:${port} ${describe(message)}`);
  }

  #wrong(what: string): void {
    this.#subject.wrong(`${what} (with ${this.end.remote.host}:${this.end.remote.port})`);
  }
}
