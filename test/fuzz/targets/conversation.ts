import assert from 'node:assert/strict';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { Unlimited } from '../../../src/base/rate-limiter.ts';
import type { Disk, PieceStore } from '../../../src/swarm/disk.ts';
import type { Connection, ConnectionHandler } from '../../../src/swarm/network.ts';
import { metainfoOf, noise } from '../../../src/swarm/swarm-fixtures.ts';
import { startSwarm } from '../../../src/swarm/swarm.ts';
import { Bitfield } from '../../../src/torrent/bitfield.ts';
import { blockLength } from '../../../src/torrent/geometry.ts';
import { encodeHandshake, handshakeLength } from '../../../src/torrent/handshake.ts';
import type { PeerId } from '../../../src/torrent/ids.ts';
import type { Metainfo } from '../../../src/torrent/metainfo.ts';
import { WireParser } from '../../../src/torrent/wire-parser.ts';
import {
  encodeBitfield,
  encodeBlock,
  encodeExtended,
  encodeHave,
  encodePieceHeader,
  encodeSimple,
  keepAlive,
} from '../../../src/torrent/wire.ts';
import type { FuzzTarget } from '../target.ts';

const pieceLength = 2 * blockLength;
const seeded = noise(5 * pieceLength - 100, 1);
const seed = metainfoOf(seeded, pieceLength);
/** A blob that no bytes are, so that fetching it never ends. */
const wanted = { ...metainfoOf(noise(seeded.length, 2), pieceLength), sha256: Buffer.alloc(160) };

/** The seed's bytes; of the wanted blob nothing. */
const disk: Disk = {
  openWhole: async () => store(seeded),
  openPartial: async (_, metainfo) => ({
    store: store(Buffer.alloc(metainfo.length)),
    had: new Bitfield(metainfo.pieceCount),
  }),
};

function store(bytes: Buffer): PieceStore {
  return {
    write: async () => assert.fail('a piece that nobody could send was written'),
    read: async (piece, begin, parts) => {
      let at = piece * pieceLength + begin;
      for (const part of parts) {
        part.set(bytes.subarray(at, at + part.length));
        at += part.length;
      }
    },
    sync: async () => {},
    close: async () => {},
  };
}

/** A connection whose other end is the target. What the engine says over it must be possible. */
class Line implements Connection {
  readonly remote: { host: string; port: number };
  isDestroyed = false;
  readonly #parser: WireParser;
  #handler: ConnectionHandler | undefined;
  #said = 0;

  constructor(host: string, pieceCount: number) {
    this.remote = { host, port: 1_000 };
    this.#parser = new WireParser(pieceCount);
  }

  handle(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  write(parts: readonly Uint8Array[], done?: () => void): boolean {
    for (const part of parts) {
      const rest = part.subarray(Math.max(0, handshakeLength - this.#said));
      this.#said += part.length;
      const wrong = rest.length > 0 ? this.#parser.push(rest, () => true) : undefined;
      assert.equal(wrong, undefined, 'the engine says what cannot be');
    }
    done?.();
    return true;
  }

  pause(): void {}

  resume(): void {}

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    queueMicrotask(() => this.#handler?.closed());
  }

  come(chunk: Uint8Array): void {
    if (!this.isDestroyed) this.#handler?.data(Uint8Array.from(chunk));
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A swarm that seeds one blob and wants another, and takes any connection. */
class Stage {
  readonly #accept: (connection: Connection) => void;
  #count = 0;

  private constructor(accept: (connection: Connection) => void) {
    this.#accept = accept;
  }

  static async open(): Promise<Stage> {
    let accept: ((connection: Connection) => void) | undefined;
    const swarm = await startSwarm({
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
      upload: new Unlimited(),
      download: new Unlimited(),
      trackerClient: {
        announce: () => new Promise(() => {}),
        announceBatch: () => new Promise(() => {}),
      },
      seed: async (infoHash) =>
        infoHash === seed.infoHash ? { metainfo: seed, path: 'seed' } : undefined,
      disk,
      network: {
        listen: async (_, handler) => {
          accept = handler;
          return { port: 1, close: async () => {} };
        },
        connect: async () => {
          throw new Error('nobody is there');
        },
      },
      admission: { perSecond: 1e6, perSecondOfHost: 1e6 },
    });
    swarm.download(wanted, { path: 'wanted' });
    return new Stage((connection) => accept?.(connection));
  }

  async connect(metainfo: Metainfo): Promise<Line> {
    const number = this.#count++;
    const host = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
    const line = new Line(host, metainfo.pieceCount);
    this.#accept(line);
    const id = number.toString(16).padStart(40, '0') as PeerId;
    line.come(encodeHandshake(metainfo.infoHash, id));
    await turn();
    return line;
  }
}

let stage: Promise<Stage> | undefined;

const first = { piece: 0, begin: 0, length: blockLength };

/**
 * All that a peer says behind its handshake, to the whole engine: the first byte tells whether it seeds or fetches and how
 * the rest is cut. Nothing may be thrown, and nothing impossible be answered.
 */
export const conversationTarget: FuzzTarget = {
  name: 'conversation',
  seeds: [
    Buffer.concat([
      Buffer.of(0),
      encodeSimple('haveNone'),
      encodeSimple('interested'),
      encodeBlock('request', first),
      encodeBlock('request', { ...first, piece: 4, length: 1_000 }),
      encodeBlock('cancel', first),
      encodeHave(0),
    ]),
    Buffer.concat([
      Buffer.of(1),
      encodeExtended(0, Buffer.from('d1:md11:ut_metadatai3ee4:reqqi250ee')),
      encodeSimple('haveAll'),
      encodeSimple('unchoke'),
      encodeBlock('reject', first),
      encodeSimple('choke'),
      encodeSimple('unchoke'),
    ]),
    // One of each that is left: port, suggest, allowed fast, an extension of nobody, not interested.
    Buffer.concat([
      Buffer.of(1),
      Buffer.of(0, 0, 0, 3, 9, 0x1a, 0xe1),
      Buffer.of(0, 0, 0, 5, 13, 0, 0, 0, 1),
      Buffer.of(0, 0, 0, 5, 17, 0, 0, 0, 1),
      encodeExtended(3, Buffer.from('d8:msg_typei0e5:piecei0ee')),
      encodeSimple('notInterested'),
      keepAlive,
    ]),
    Buffer.concat([
      Buffer.of(3),
      encodeBitfield(Buffer.of(0b1000_0000)),
      encodeSimple('unchoke'),
      encodePieceHeader(first),
      Buffer.alloc(64),
    ]),
  ],
  async run(input) {
    stage ??= Stage.open();
    const [head = 0] = input;
    const line = await (await stage).connect(head % 2 === 0 ? seed : wanted);
    const size = 1 + Math.floor((head / 256) * input.length);
    for (let at = 1; at < input.length; at += size) {
      line.come(input.subarray(at, at + size));
      if (head % 4 > 1) await turn();
    }
    await turn();
    line.destroy();
    await turn();
  },
};
