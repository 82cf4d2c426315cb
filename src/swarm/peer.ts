import type { RateLimiter } from '../base/rate-limiter.ts';
import { Bitfield } from '../torrent/bitfield.ts';
import { encodeCrossing, type Crossing } from '../torrent/crossing.ts';
import {
  encodeExtensionHandshake,
  parseExtensionHandshake,
  type ExtensionHandshake,
} from '../torrent/extension-handshake.ts';
import { blockLength, type Block } from '../torrent/geometry.ts';
import type { Handshake } from '../torrent/handshake.ts';
import { isDocketPeer, type PeerAddress, type PeerId } from '../torrent/ids.ts';
import type { Zone } from '../torrent/zone.ts';
import { joinBlocks, longestBlock } from '../torrent/long-block.ts';
import { WireParser } from '../torrent/wire-parser.ts';
import {
  encodeBitfield,
  encodeBlock,
  encodeExtended,
  encodeHave,
  encodeSimple,
  keepAlive,
  type WireMessage,
} from '../torrent/wire.ts';
import type { Connection } from './network.ts';

/** Requests a peer may have waiting here; Docket tells it in its extension handshake. */
export const requestLimit = 512;

/** Requests that peers which tell no limit surely bear. */
const modestRequestLimit = 50;

/** Bytes of answers that may wait for a peer that does not read, and for how long (milliseconds) it may not. */
const mostUnread = 256 * 1024;
const readWithin = 60_000;

/** A message must have come whole within this many milliseconds. */
const messageWithin = 90_000;
/** Extension handshakes that are looked at. */
const mostHandshakes = 4;

/** Who hears what a peer says. */
export interface PeerEvents {
  message(peer: Peer, message: WireMessage): void;
  drained(peer: Peer): void;
  /** The connection is over; nothing comes after. */
  gone(peer: Peer): void;
}

/** One connection to another client in one torrent: what each side said last, and what may be said. */
export class Peer {
  readonly id: PeerId;
  /** True when we dialled. */
  readonly isOutgoing: boolean;
  /** The other end of the connection; its port is where it accepts peers only when we dialled. */
  readonly remote: PeerAddress;
  readonly isFast: boolean;
  readonly isForeign: boolean;
  readonly has: Bitfield;
  isChoking = true;
  isInterested = false;
  amChoking = true;
  amInterested = false;
  extension: ExtensionHandshake | undefined;
  /** Why we closed it, for the log. */
  reason = 'it closed the connection';
  readonly #connection: Connection;
  readonly #parser: WireParser;
  readonly #limiter: RateLimiter;
  readonly #events: PeerEvents;
  readonly #isExtended: boolean;
  #isClosed = false;
  #handshakes = 0;
  /** Messages that came, and when the one that is coming began. */
  #messages = 0;
  #messageSince: number | undefined;
  /** Reads that wait for the link. */
  #waits = 0;
  /** Bytes written, blocks aside, since it has stopped reading. */
  #unread = 0;
  #isFull = false;
  #fullSince: number | undefined;
  #keptAlive: number;
  #lastHeard: number;

  constructor(
    connection: Connection,
    handshake: Handshake,
    setting: {
      readonly isOutgoing: boolean;
      readonly pieceCount: number;
      readonly download: RateLimiter;
      readonly events: PeerEvents;
      readonly now: number;
    },
  ) {
    this.#connection = connection;
    this.id = handshake.peerId;
    this.isFast = handshake.fast;
    this.#isExtended = handshake.extended;
    this.isForeign = !isDocketPeer(handshake.peerId);
    this.isOutgoing = setting.isOutgoing;
    this.remote = connection.remote;
    this.has = new Bitfield(setting.pieceCount);
    this.#parser = new WireParser(setting.pieceCount);
    this.#limiter = setting.download;
    this.#events = setting.events;
    this.#keptAlive = setting.now;
    this.#lastHeard = setting.now;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** It has more than it shows, and shows it to those whose turn it is. */
  get reveals(): boolean {
    return this.extension?.reveals === true && !this.has.isFull;
  }

  /** How many requests it may be sent ahead. */
  get requestLimit(): number {
    return this.extension?.requestLimit ?? modestRequestLimit;
  }

  /** Where its host stands, if it said so. */
  get zone(): Zone | undefined {
    return this.extension?.zone;
  }

  /** The longest block that it may be asked for and sent. */
  get longestBlock(): number {
    return Math.min(this.extension?.longestBlock ?? blockLength, longestBlock);
  }

  /** Begins to listen; `rest` came behind the handshake. */
  start(rest: Uint8Array, now: () => number): void {
    this.#connection.handle({
      data: (chunk) => this.#receive(chunk, now()),
      drained: () => this.#drained(),
      closed: () => this.#ended(),
    });
    if (rest.length > 0) this.#receive(rest, now());
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.reason = reason;
    this.#connection.destroy();
    this.#ended();
  }

  /** Says that we are there (BEP 10), and which pieces we show; must come first. */
  introduce(shown: Bitfield, own: ExtensionHandshake): void {
    if (this.#isExtended) this.#send(encodeExtended(0, encodeExtensionHandshake(own)));
    if (this.isFast && shown.isFull) this.#send(encodeSimple('haveAll'));
    else if (this.isFast && shown.count === 0) this.#send(encodeSimple('haveNone'));
    else if (shown.count > 0) this.#send(encodeBitfield(shown.bytes()));
  }

  setChoking(isChoking: boolean): void {
    this.amChoking = isChoking;
    this.#send(encodeSimple(isChoking ? 'choke' : 'unchoke'));
  }

  setInterested(isInterested: boolean): void {
    this.amInterested = isInterested;
    this.#send(encodeSimple(isInterested ? 'interested' : 'notInterested'));
  }

  have(pieces: readonly number[]): void {
    if (pieces.length > 0) this.#send(Buffer.concat(pieces.map(encodeHave)));
  }

  request(blocks: readonly Block[]): void {
    if (blocks.length === 0) return;
    const long = joinBlocks(blocks, this.longestBlock);
    this.#send(Buffer.concat(long.map((block) => encodeBlock('request', block))));
  }

  /** Tells one of the own zone which pieces are being fetched from outside it, if it wants to know. */
  crosses(crossing: Crossing): void {
    const id = this.extension?.crossingId;
    if (id !== undefined) this.#send(encodeExtended(id, encodeCrossing(crossing)));
  }

  cancel(block: Block): void {
    this.#send(encodeBlock('cancel', block));
  }

  /** Refuses a request, if the peer understands that (BEP 6). */
  reject(block: Block): void {
    if (this.isFast) this.#send(encodeBlock('reject', block));
  }

  /** False: wait until it is drained. */
  sendBlocks(messages: Uint8Array, done: () => void): boolean {
    const isRoom = this.#connection.write([messages], done);
    this.#isFull ||= !isRoom;
    return isRoom;
  }

  /** Keeps the connection alive (BEP 3: after two quiet minutes it may be closed), or gives it up. */
  tick(now: number): void {
    if (this.#isFull) this.#fullSince ??= now;
    if (now - this.#lastHeard > 150_000) this.close('it was silent for too long');
    else if (now - (this.#fullSince ?? now) > readWithin) this.close('it does not read');
    else if (now - (this.#messageSince ?? now) > messageWithin)
      this.close('its message does not end');
    else if (now - this.#keptAlive > 60_000) {
      this.#keptAlive = now;
      this.#send(keepAlive);
    }
  }

  #send(bytes: Uint8Array): void {
    if (this.#isClosed || this.#connection.write([bytes])) return;
    this.#isFull = true;
    this.#unread += bytes.length;
    if (this.#unread < mostUnread) return;
    // Whoever makes us speak is in the midst of something: `gone` comes later, from the connection.
    this.reason = 'it does not read what it is told';
    this.#connection.destroy();
  }

  #drained(): void {
    this.#isFull = false;
    this.#fullSince = undefined;
    this.#unread = 0;
    this.#events.drained(this);
  }

  #receive(chunk: Uint8Array, now: number): void {
    if (this.#isClosed) return;
    this.#lastHeard = now;
    const wait = this.#limiter.take(chunk.length);
    if (wait !== undefined) {
      this.#waits++;
      this.#connection.pause();
      void wait.then(() => {
        this.#waits--;
        if (this.#waits === 0) this.#connection.resume();
      });
    }
    const before = this.#messages;
    const wrong = this.#parser.push(chunk, (message) => {
      this.#handle(message);
      return !this.#isClosed;
    });
    if (wrong !== undefined) this.close(`it sent an impossible ${wrong}`);
    // While we do not read it is not the peer that is slow.
    if (!this.#parser.isWithin || this.#waits > 0) this.#messageSince = undefined;
    else if (this.#messageSince === undefined || this.#messages > before) this.#messageSince = now;
  }

  #handle(message: WireMessage): void {
    this.#messages++;
    if (message.type === 'extended' && message.id === 0 && this.#handshakes++ < mostHandshakes) {
      this.extension ??= parseExtensionHandshake(message.payload);
      this.#parser.longestBlock = this.longestBlock;
    }
    this.#events.message(this, message);
  }

  #ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.gone(this);
  }
}
