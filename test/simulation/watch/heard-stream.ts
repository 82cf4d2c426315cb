import { handshakeLength, parseHandshake, type Handshake } from '../../../src/torrent/handshake.ts';
import type { InfoHash } from '../../../src/torrent/ids.ts';
import { longestBlock, splitBlock } from '../../../src/torrent/long-block.ts';
import { WireParser } from '../../../src/torrent/wire-parser.ts';
import type { WireMessage } from '../../../src/torrent/wire.ts';
import type { Blob } from '../scenario/blob.ts';

/** One direction of a connection between peers: the handshake, then messages. */
export class HeardStream {
  handshake: Handshake | undefined;
  /** What was wrong with it; nothing is heard afterwards. */
  wrong: string | undefined;
  readonly #blobOf: (infoHash: InfoHash) => Blob | undefined;
  readonly #heard: (message: WireMessage) => void;
  #greeting: Buffer | undefined = Buffer.alloc(0);
  #parser: WireParser | undefined;

  constructor(
    blobOf: (infoHash: InfoHash) => Blob | undefined,
    heard: (message: WireMessage) => void,
  ) {
    this.#blobOf = blobOf;
    this.#heard = heard;
  }

  push(chunk: Uint8Array): void {
    if (this.wrong !== undefined) return;
    if (this.#greeting === undefined) return this.#parse(chunk);
    this.#greeting = Buffer.concat([this.#greeting, chunk]);
    if (this.#greeting.length < handshakeLength) return undefined;
    const handshake = parseHandshake(this.#greeting.subarray(0, handshakeLength));
    const blob = handshake && this.#blobOf(handshake.infoHash);
    const rest = this.#greeting.subarray(handshakeLength);
    this.#greeting = undefined;
    if (blob === undefined) {
      this.wrong = 'handshake';
      return undefined;
    }
    this.handshake = handshake;
    this.#parser = new WireParser(blob.metainfo.pieceCount);
    this.#parser.longestBlock = longestBlock;
    return rest.length > 0 ? this.#parse(rest) : undefined;
  }

  #parse(chunk: Uint8Array): void {
    this.wrong = this.#parser?.push(chunk, (message) => {
      // Those who bear long blocks say in one message what others say in many.
      const isLong = 'block' in message && message.block.length <= longestBlock;
      if (!isLong) this.#heard(message);
      else for (const block of splitBlock(message.block)) this.#heard({ ...message, block });
      return true;
    });
  }
}
