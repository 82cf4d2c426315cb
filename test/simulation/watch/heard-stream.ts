import { handshakeLength, parseHandshake, type Handshake } from '../../../src/torrent/handshake.ts';
import { WireParser } from '../../../src/torrent/wire-parser.ts';
import type { WireMessage } from '../../../src/torrent/wire.ts';

/** One direction of a connection between peers: the handshake, then messages. */
export class HeardStream {
  handshake: Handshake | undefined;
  /** What was wrong with it; nothing is heard afterwards. */
  wrong: string | undefined;
  readonly #parser: WireParser;
  readonly #heard: (message: WireMessage) => void;
  #greeting: Buffer | undefined = Buffer.alloc(0);

  constructor(pieceCount: number, heard: (message: WireMessage) => void) {
    this.#parser = new WireParser(pieceCount);
    this.#heard = heard;
  }

  push(chunk: Uint8Array): void {
    if (this.wrong !== undefined) return;
    if (this.#greeting === undefined) return this.#parse(chunk);
    this.#greeting = Buffer.concat([this.#greeting, chunk]);
    if (this.#greeting.length < handshakeLength) return undefined;
    this.handshake = parseHandshake(this.#greeting.subarray(0, handshakeLength));
    const rest = this.#greeting.subarray(handshakeLength);
    this.#greeting = undefined;
    if (this.handshake === undefined) this.wrong = 'handshake';
    else if (rest.length > 0) this.#parse(rest);
    return undefined;
  }

  #parse(chunk: Uint8Array): void {
    this.wrong = this.#parser.push(chunk, (message) => {
      this.#heard(message);
      return true;
    });
  }
}
