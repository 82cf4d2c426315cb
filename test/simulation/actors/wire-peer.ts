import type { Random } from '../../../src/base/random.ts';
import type { Connection } from '../../../src/swarm/network.ts';
import type { Block } from '../../../src/torrent/geometry.ts';
import { encodeHandshake } from '../../../src/torrent/handshake.ts';
import type { PeerId } from '../../../src/torrent/ids.ts';
import { encodePieceHeader, type WireMessage } from '../../../src/torrent/wire.ts';
import { bytesOf, type Blob } from '../scenario/blob.ts';
import { HeardStream } from '../watch/heard-stream.ts';
import type { Process } from '../world/process.ts';

/** What a peer's handshake says that it can. */
export interface Abilities {
  readonly fast: boolean;
  readonly extended: boolean;
}

/** One connection of a peer that speaks the wire protocol by hand, rightly or wrongly. */
export class WirePeer {
  readonly blob: Blob;
  readonly process: Process;
  readonly random: Random;
  readonly abilities: Abilities;
  isClosed = false;
  /** Called with each message of the engine; views live only during the call. */
  onMessage: (message: WireMessage) => void = () => {};
  /** Called once, when both sides have said who they are. */
  onGreeted: () => void = () => {};
  readonly #connection: Connection;
  #isGreeted = false;

  constructor(options: {
    readonly connection: Connection;
    readonly blob: Blob;
    readonly process: Process;
    readonly random: Random;
    readonly abilities: Abilities;
  }) {
    this.#connection = options.connection;
    this.blob = options.blob;
    this.process = options.process;
    this.random = options.random;
    this.abilities = options.abilities;
    const stream = new HeardStream(
      () => this.blob,
      (message) => this.onMessage(message),
    );
    this.#connection.handle({
      data: (chunk) => {
        stream.push(chunk);
        if (stream.handshake === undefined || this.#isGreeted) return;
        this.#isGreeted = true;
        this.onGreeted();
      },
      drained() {},
      closed: () => (this.isClosed = true),
    });
  }

  greet(id: PeerId): void {
    const bytes = Buffer.from(encodeHandshake(this.blob.metainfo.infoHash, id));
    if (!this.abilities.extended) bytes[25] = 0;
    if (!this.abilities.fast) bytes[27] = 0;
    this.say(bytes);
  }

  say(...parts: readonly Uint8Array[]): void {
    if (!this.isClosed) this.#connection.write(parts);
  }

  /** Sends a block with these bytes, which need not be those that were asked for. */
  sendBlock(block: Block, bytes: Uint8Array): void {
    this.say(encodePieceHeader({ ...block, length: bytes.length }), bytes);
  }

  /** The right bytes of a block. */
  bytesOf(block: Block): Buffer {
    return bytesOf(this.blob, block);
  }

  /** Does something again and again while the connection stands. */
  every(milliseconds: number, task: () => void): void {
    this.process.after(milliseconds, () => {
      if (this.isClosed) return;
      task();
      this.every(milliseconds, task);
    });
  }

  after(milliseconds: number, task: () => void): void {
    this.process.after(milliseconds, () => {
      if (!this.isClosed) task();
    });
  }

  /** Reads nothing any more. */
  stopReading(): void {
    this.#connection.pause();
  }

  close(): void {
    this.isClosed = true;
    this.#connection.destroy();
  }
}
