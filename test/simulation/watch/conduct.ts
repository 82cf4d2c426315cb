import { requestLimit } from '../../../src/swarm/peer.ts';
import { Bitfield } from '../../../src/torrent/bitfield.ts';
import { isValidBlock, type Block } from '../../../src/torrent/geometry.ts';
import type { Metainfo } from '../../../src/torrent/metainfo.ts';
import type { WireMessage } from '../../../src/torrent/wire.ts';
import type { End, Tap } from '../world/end.ts';
import { HeardStream } from './heard-stream.ts';

/** The engine whose conduct is watched. */
export interface Subject {
  readonly metainfo: Metainfo;
  readonly blob: Buffer;
  /** True when the right bytes of the piece are on its disk. */
  hasOnDisk(piece: number): boolean;
  /** Its disk gives wrong bytes: it cannot know what it sends. */
  readonly isRotten: boolean;
  readonly conducts: Set<Conduct>;
  /** Those that something happened to since the last event. */
  readonly touched: Set<Conduct>;
  /** Peers that it serves. */
  unchoked: number;
  /** A peer at this address sent a block, right or wrong. */
  gotBlock(from: string, block: Block, isRight: boolean): void;
  wrong(what: string): void;
  trace(text: () => string): void;
}

/** The most requests that the engine may have waiting at one peer, whatever that bears. */
const mostAhead = 1_024;
/** Bytes that may wait in the process for a peer that does not read, above what makes a writer wait. */
const mostUnread = 1024 * 1024;

/**
 * Watches one connection of a real engine: what it says must be true, asked for, and no more than agreed (BEP 3, 6). It hears
 * a chunk just before the engine does.
 */
export class Conduct implements Tap {
  readonly end: End;
  /** When it began. */
  readonly since: number;
  readonly #subject: Subject;
  readonly #roomInNetwork: number;
  readonly #said: HeardStream;
  readonly #heard: HeardStream;
  readonly #peerHas: Bitfield;
  /** The blocks that it asked for and still wants. */
  readonly #wanted = new Set<number>();
  /** How often each block may come: also what it cancelled, which may be on its way. */
  readonly #asked = new Map<number, number>();
  /** How often it may still send, or reject, each block that was asked of it. */
  readonly #due = new Map<number, number>();
  /** The blocks that the peer asked for since it was answered about them. */
  readonly #waiting = new Set<number>();
  /** The peer chokes; and it did not during the chunk that is being handled. */
  #isChoked = true;
  #wasUnchoked = false;
  #hasChoked = false;
  #isInterested = false;
  isChoking = true;
  #hasShown = false;
  /** What the peer did that must end the connection. */
  #offence: { readonly what: string; readonly key: number | undefined } | undefined;

  constructor(end: End, subject: Subject, roomInNetwork: number) {
    this.end = end;
    this.since = end.process.timeline.now;
    this.#subject = subject;
    this.#roomInNetwork = roomInNetwork;
    const { pieceCount } = subject.metainfo;
    this.#peerHas = new Bitfield(pieceCount);
    this.#said = new HeardStream(pieceCount, (message) => this.#says(message));
    this.#heard = new HeardStream(pieceCount, (message) => this.#hears(message));
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
    this.#wasUnchoked = !this.#isChoked;
    this.#heard.push(chunk);
    if (this.#heard.wrong !== undefined) this.#offends(this.#heard.wrong);
  }

  handled(): void {
    this.#wasUnchoked = false;
    // What it asked for while it did not know yet of the choke is void too.
    if (this.#hasChoked) this.#wanted.clear();
    this.#hasChoked = false;
  }

  closed(): void {
    this.#subject.conducts.delete(this);
    if (!this.isChoking) this.#subject.unchoked--;
  }

  /** All that follows from the last event has happened. */
  settled(): void {
    const offence = this.#offence;
    if (offence !== undefined && this.isJoined && !this.end.isClosed) {
      if (offence.key === undefined || !this.#asked.has(offence.key))
        this.#wrong(`it goes on with a peer after ${offence.what}`);
      this.#offence = undefined;
    }
    // So many wait, and as many again are being read from the disk.
    if (this.#isFast && !this.end.isClosed && this.#waiting.size > 2 * requestLimit)
      this.#wrong(`${this.#waiting.size} requests of the peer wait`);
  }

  get #isFast(): boolean {
    return this.#said.handshake?.fast === true && this.#heard.handshake?.fast === true;
  }

  #says(message: WireMessage): void {
    this.#subject.trace(
      () => `> ${this.end.remote.host}:${this.end.remote.port} ${describe(message)}`,
    );
    const { metainfo } = this.#subject;
    switch (message.type) {
      case 'choke':
      case 'unchoke': {
        const isChoking = message.type === 'choke';
        if (this.isChoking === isChoking) this.#wrong(`it says ${message.type} twice`);
        if (this.isChoking !== isChoking) this.#subject.unchoked += isChoking ? -1 : 1;
        this.isChoking = isChoking;
        if (isChoking && !this.#isFast) this.#due.clear();
        return undefined;
      }
      case 'interested':
      case 'notInterested': {
        const isInterested = message.type === 'interested';
        if (this.#isInterested === isInterested) this.#wrong(`it says ${message.type} twice`);
        this.#isInterested = isInterested;
        return undefined;
      }
      case 'have':
        return this.#shows(message.piece);
      case 'bitfield':
      case 'haveAll':
      case 'haveNone': {
        if (this.#hasShown) this.#wrong('it shows all its pieces twice');
        this.#hasShown = true;
        if (message.type === 'haveNone') return undefined;
        const { pieceCount } = metainfo;
        const shown =
          message.type === 'bitfield'
            ? Bitfield.parse(message.bits, pieceCount)
            : Bitfield.full(pieceCount);
        if (shown === undefined) this.#wrong('its bitfield has spare bits');
        for (const piece of shown?.indexes() ?? []) this.#shows(piece);
        return undefined;
      }
      case 'request':
        return this.#asks(message.block);
      case 'cancel': {
        const key = keyOf(message.block);
        if (!this.#wanted.delete(key) && !this.#asked.has(key))
          this.#wrong(`it cancels ${nameOf(message.block)}, not asked for`);
        return undefined;
      }
      case 'piece':
        return this.#serves(
          { piece: message.piece, begin: message.begin, length: message.data.length },
          message.data,
        );
      case 'reject':
        if (!this.#answers(message.block))
          this.#wrong(`it rejects ${nameOf(message.block)}, not asked for`);
        return undefined;
      case 'keepAlive':
      case 'port':
      case 'suggest':
      case 'allowedFast':
      case 'extended':
        return undefined;
    }
  }

  #hears(message: WireMessage): void {
    this.#subject.trace(
      () => `< ${this.end.remote.host}:${this.end.remote.port} ${describe(message)}`,
    );
    switch (message.type) {
      case 'choke':
        this.#isChoked = true;
        if (this.#isFast) return;
        this.#wanted.clear();
        this.#hasChoked = true;
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
      case 'request': {
        if (!isValidBlock(this.#subject.metainfo, message.block))
          return this.#offends('an impossible request');
        const key = keyOf(message.block);
        this.#due.set(key, (this.#due.get(key) ?? 0) + 1);
        this.#waiting.add(key);
        return;
      }
      case 'cancel':
        // It may have been answered at the same time.
        this.#waiting.delete(keyOf(message.block));
        return;
      case 'reject':
        return this.#settle(keyOf(message.block));
      case 'piece':
        return this.#gets(
          { piece: message.piece, begin: message.begin, length: message.data.length },
          message.data,
        );
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

  #shows(piece: number): void {
    if (!this.#subject.hasOnDisk(piece))
      this.#wrong(`it shows piece ${piece}, which is not on its disk`);
  }

  #asks(block: Block): void {
    const key = keyOf(block);
    if (!isValidBlock(this.#subject.metainfo, block))
      this.#wrong(`it asks for ${nameOf(block)}, which cannot be`);
    if (!this.#peerHas.has(block.piece))
      this.#wrong(`it asks for ${nameOf(block)} of a peer that lacks it`);
    if (this.#isChoked && !this.#wasUnchoked)
      this.#wrong(`it asks for ${nameOf(block)} while it is choked`);
    // In a chunk with chokes it cannot be told what it asked for before which.
    if (this.#wanted.has(key) && !this.#hasChoked)
      this.#wrong(`it asks for ${nameOf(block)} twice`);
    this.#wanted.add(key);
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
    if (this.#wanted.size > mostAhead)
      this.#wrong(`it has ${this.#wanted.size} requests waiting at one peer`);
  }

  #serves(block: Block, data: Uint8Array): void {
    if (!this.#answers(block)) return this.#wrong(`it sends ${nameOf(block)}, not asked for`);
    if (this.#subject.isRotten) return undefined;
    if (!this.#isRight(block, data))
      return this.#wrong(`it sends ${nameOf(block)} with wrong bytes`);
    return this.#shows(block.piece);
  }

  #gets(block: Block, data: Uint8Array): void {
    const key = keyOf(block);
    if (!this.#asked.has(key))
      return this.#offends(`the block ${nameOf(block)}, not asked for`, key);
    this.#settle(key);
    return this.#subject.gotBlock(this.end.remote.host, block, this.#isRight(block, data));
  }

  #settle(key: number): void {
    this.#wanted.delete(key);
    const asked = this.#asked.get(key) ?? 0;
    if (asked > 1) this.#asked.set(key, asked - 1);
    else this.#asked.delete(key);
  }

  #answers(block: Block): boolean {
    const key = keyOf(block);
    const due = this.#due.get(key) ?? 0;
    if (due === 0) return false;
    this.#waiting.delete(key);
    if (due === 1) this.#due.delete(key);
    else this.#due.set(key, due - 1);
    return true;
  }

  #isRight({ piece, begin, length }: Block, data: Uint8Array): boolean {
    const start = piece * this.#subject.metainfo.pieceLength + begin;
    return this.#subject.blob.subarray(start, start + length).equals(data);
  }

  #offends(what: string, key?: number): void {
    this.#offence ??= { what, key };
  }

  #wrong(what: string): void {
    this.#subject.wrong(`${what} (with ${this.end.remote.host}:${this.end.remote.port})`);
  }
}

/** A block as a number: blocks that the engine asks for stand on a grid, what others name may not. */
function keyOf({ piece, begin, length }: Block): number {
  return (piece * 67_108_864 + begin) * 32_768 + (length % 32_768);
}

function nameOf({ piece, begin, length }: Block): string {
  return `${piece}:${begin}+${length}`;
}

function describe(message: WireMessage): string {
  if ('block' in message) return `${message.type} ${nameOf(message.block)}`;
  if (message.type === 'piece')
    return `piece ${message.piece}:${message.begin}+${message.data.length}`;
  return 'piece' in message ? `${message.type} ${message.piece}` : message.type;
}
