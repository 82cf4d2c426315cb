import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Block } from '../torrent/geometry.ts';
import { encodeHandshake, handshakeLength } from '../torrent/handshake.ts';
import { peerIdOf, type InfoHash, type PeerAddress, type PeerId } from '../torrent/ids.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { WireParser } from '../torrent/wire-parser.ts';
import { encodePieceHeader, encodeSimple, type WireMessage } from '../torrent/wire.ts';
import { until } from './swarm-fixtures.ts';

/** What a peer says that outlives its connection's buffers. */
export type Heard = Exclude<WireMessage, { type: 'piece' | 'bitfield' | 'extended' }> | HeardBulk;
type HeardBulk =
  | { readonly type: 'bitfield' | 'extended' }
  | { readonly type: 'piece'; readonly block: Block; readonly data: Buffer };

/** Says what it is told to, right or wrong, and writes down what it hears. */
export class FakePeer {
  readonly id: PeerId;
  readonly heard: Heard[] = [];
  /** True once the other side has answered with its handshake. */
  isGreeted = false;
  isClosed = false;
  /** Called with each message. */
  onMessage: (message: Heard) => void = () => {};
  readonly #socket: Socket;

  private constructor(socket: Socket, pieceCount: number, id: PeerId) {
    this.id = id;
    this.#socket = socket;
    const parser = new WireParser(pieceCount);
    let greeting = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => (this.isClosed = true));
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      if (!this.isGreeted) {
        greeting = Buffer.concat([greeting, chunk]);
        if (greeting.length < handshakeLength) return;
        this.isGreeted = true;
        rest = greeting.subarray(handshakeLength);
      }
      const wrong = parser.push(rest, (message) => {
        const kept = keep(message);
        this.heard.push(kept);
        this.onMessage(kept);
        return true;
      });
      if (wrong !== undefined) throw new Error(`the engine sent an impossible ${wrong}`);
    });
  }

  /** Connects to a peer and says who it is; `greet: false` says nothing. */
  static async dial(
    address: PeerAddress,
    metainfo: Pick<Metainfo, 'infoHash' | 'pieceCount'>,
    options: { readonly greet?: boolean; readonly id?: PeerId; readonly from?: string } = {},
  ): Promise<FakePeer> {
    const { host, port } = address;
    const socket = connect({ host, port, localAddress: options.from ?? '127.0.0.1' });
    const peer = new FakePeer(socket, metainfo.pieceCount, options.id ?? drawId());
    await once(socket, 'connect');
    if (options.greet !== false) peer.say(encodeHandshake(metainfo.infoHash, peer.id));
    return peer;
  }

  /** Answers a connection that came; `isPlain`: as a client that knows neither BEP 6 nor BEP 10. */
  static answer(socket: Socket, metainfo: Metainfo, id: PeerId, isPlain = false): FakePeer {
    const peer = new FakePeer(socket, metainfo.pieceCount, id);
    const greeting = encodeHandshake(metainfo.infoHash, id);
    if (isPlain) greeting.fill(0, 20, 28);
    peer.say(greeting);
    return peer;
  }

  say(...parts: readonly Uint8Array[]): void {
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(parts));
  }

  /** Sends a block with these bytes, which need not be those that were asked for. */
  sendBlock(block: Block, bytes: Uint8Array): void {
    this.say(encodePieceHeader({ ...block, length: bytes.length }), bytes);
  }

  /** All messages of a type that came so far. */
  all<Type extends Heard['type']>(type: Type): (Heard & { readonly type: Type })[] {
    return this.heard.filter(
      (message): message is Heard & { readonly type: Type } => message.type === type,
    );
  }

  /** Waits until messages of the type have come. */
  async hears(type: Heard['type'], count = 1, within?: number): Promise<void> {
    await until(`${count} ${type}`, () => this.all(type).length >= count, within);
  }

  /** Waits until the other side has closed the connection. */
  async dropped(within?: number): Promise<void> {
    await until('the connection is closed', () => this.isClosed, within);
  }

  /** Stops reading what the other side sends. */
  stopReading(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Accepts connections as peers of one torrent, and has `behave` speak for each of them. */
export class FakeHost implements AsyncDisposable {
  readonly address: PeerAddress;
  readonly id = drawId();
  readonly peers: FakePeer[] = [];
  readonly #stop: () => Promise<void>;

  private constructor(address: PeerAddress, stop: () => Promise<void>) {
    this.address = address;
    this.#stop = stop;
  }

  static async start(
    metainfo: Metainfo,
    behave: (peer: FakePeer) => void,
    { isPlain = false } = {},
  ): Promise<FakeHost> {
    const server = createServer((socket) => {
      const peer = FakePeer.answer(socket, metainfo, host.id, isPlain);
      host.peers.push(peer);
      behave(peer);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const host = new FakeHost({ host: '127.0.0.1', port }, async () => {
      for (const peer of host.peers) peer.close();
      server.close();
      await once(server, 'close');
    });
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/** A peer that has everything, unchokes, and answers each request with what `bytesFor` gives; undefined: not at all. */
export function seedWith(
  bytesFor: (block: Block, peer: FakePeer) => Uint8Array | undefined,
): (peer: FakePeer) => void {
  return (peer) => {
    peer.say(encodeSimple('haveAll'));
    peer.onMessage = (message) => {
      if (message.type === 'interested') peer.say(encodeSimple('unchoke'));
      if (message.type !== 'request') return;
      const bytes = bytesFor(message.block, peer);
      if (bytes !== undefined) peer.sendBlock(message.block, bytes);
    };
  };
}

/** The right bytes of a block of `blob`. */
export function sliceOf(blob: Buffer, { pieceLength }: Metainfo, block: Block): Buffer {
  const begin = block.piece * pieceLength + block.begin;
  return blob.subarray(begin, begin + block.length);
}

/** An info hash of no torrent. */
export const unknownInfoHash = 'ee'.repeat(20) as InfoHash;

/** The id of a client that is not Docket, or of one that is. */
export function drawId(client: '-FK0001-' | '-DK0001-' = '-FK0001-'): PeerId {
  return peerIdOf(Buffer.concat([Buffer.from(client), randomBytes(12)]));
}

function keep(message: WireMessage): Heard {
  if (message.type === 'bitfield' || message.type === 'extended') return { type: message.type };
  if (message.type !== 'piece') return message;
  const { piece, begin, data } = message;
  return {
    type: 'piece',
    block: { piece, begin, length: data.length },
    data: Buffer.from(data),
  };
}
