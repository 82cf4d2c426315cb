import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

// A codec of its own, so that a mistake in the product's does not hide itself.

const ids = { unchoke: 1, have: 4, bitfield: 5, request: 6, piece: 7, haveAll: 14 } as const;

interface Message {
  readonly id: number;
  readonly payload: Buffer;
}

function newPeerId(): Buffer {
  return Buffer.concat([Buffer.from('-LB0001-'), randomBytes(12)]);
}

function handshake(infoHash: string, peerId = newPeerId()): Buffer {
  const name = Buffer.from('\x13BitTorrent protocol', 'latin1');
  return Buffer.concat([name, Buffer.alloc(8), Buffer.from(infoHash, 'hex'), peerId]);
}

function message(id: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length);
  head[4] = id;
  return Buffer.concat([head, payload]);
}

/** What the other end says behind its handshake; ends with the connection. */
async function* messages(socket: Socket, onGreeted?: () => void): AsyncGenerator<Message> {
  let rest = Buffer.alloc(0);
  let greeted = false;
  for await (const part of socket) {
    rest = Buffer.concat([rest, part as Buffer]);
    if (!greeted) {
      if (rest.length < 68) continue;
      rest = rest.subarray(68);
      greeted = true;
      onGreeted?.();
    }
    while (rest.length >= 4) {
      const length = rest.readUInt32BE();
      if (rest.length < 4 + length) break;
      if (length > 0) yield { id: rest.readUInt8(4), payload: rest.subarray(5, 4 + length) };
      rest = rest.subarray(4 + length);
    }
  }
}

/** Sees which pieces one peer has, as every peer of its swarm does. */
export interface PeerObserver extends AsyncDisposable {
  /** The pieces that it has told of so far. */
  readonly pieces: ReadonlySet<number>;
  /** True when the peer has answered the handshake, false when it has closed the connection instead. */
  readonly greeted: Promise<boolean>;
}

/** Connects to a peer as one that wants nothing. Throws when it does not accept. */
export async function observePeer(
  address: { readonly host: string; readonly port: number },
  infoHash: string,
  pieceCount: number,
): Promise<PeerObserver> {
  const socket = connect({ ...address, localAddress: '127.0.0.77' });
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write(handshake(infoHash));
  const pieces = new Set<number>();
  const { promise: greeted, resolve: onGreeted } = Promise.withResolvers<boolean>();
  const look = async (): Promise<void> => {
    for await (const { id, payload } of messages(socket, () => onGreeted(true))) {
      if (id === ids.have) pieces.add(payload.readUInt32BE());
      for (let piece = 0; piece < pieceCount; piece++) {
        const bit = ((payload[piece >> 3] ?? 0) >> (7 - (piece & 7))) & 1;
        if (id === ids.haveAll || (id === ids.bitfield && bit === 1)) pieces.add(piece);
      }
    }
  };
  void look()
    .catch(() => {})
    .then(() => onGreeted(false));
  return {
    pieces,
    greeted,
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

/** A peer that says it has everything, and sends wrong bytes for whatever it is asked. */
export interface CorruptPeer extends AsyncDisposable {
  readonly port: number;
  /** Wrong blocks sent so far. */
  readonly blocks: number;
  /** Connections on which it has sent wrong blocks. */
  readonly fooled: number;
  /** Those of them that have ended. */
  readonly dropped: number;
}

export interface CorruptPeerOptions {
  /** An address of its own, as 127.0.0.66, so that whoever is told off by address it is this peer alone. */
  readonly host: string;
  readonly infoHash: string;
  readonly pieceCount: number;
  /** The tracker's announce URL. */
  readonly tracker: string;
  /** Whether it gives itself a new peer id on each connection. */
  readonly changesId: boolean;
}

/** Starts a corrupt peer and announces it; resolves when the tracker has taken it. */
export async function startCorruptPeer(options: CorruptPeerOptions): Promise<CorruptPeer> {
  const { host, infoHash, pieceCount } = options;
  const sockets = new Set<Socket>();
  const peerId = newPeerId();
  const counts = { blocks: 0, fooled: 0, dropped: 0 };
  const serve = async (socket: Socket): Promise<void> => {
    let fooled = false;
    try {
      await once(socket, 'readable');
      const bits = Buffer.alloc(Math.ceil(pieceCount / 8));
      for (let piece = 0; piece < pieceCount; piece++) {
        bits[piece >> 3] = (bits[piece >> 3] ?? 0) | (0x80 >> (piece & 7));
      }
      const hello = handshake(infoHash, options.changesId ? newPeerId() : peerId);
      const greeting = [hello, message(ids.bitfield, bits), message(ids.unchoke)];
      socket.write(Buffer.concat(greeting));
      for await (const { id, payload } of messages(socket)) {
        if (id !== ids.request) continue;
        if (!fooled) counts.fooled++;
        fooled = true;
        counts.blocks++;
        const wrong = randomBytes(payload.readUInt32BE(8));
        socket.write(message(ids.piece, Buffer.concat([payload.subarray(0, 8), wrong])));
      }
    } catch {
      // A reset is an end like any other.
    } finally {
      if (fooled) counts.dropped++;
      socket.destroy();
    }
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    void serve(socket);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await announceSeed(options, port);
  return {
    port,
    get blocks() {
      return counts.blocks;
    },
    get fooled() {
      return counts.fooled;
    },
    get dropped() {
      return counts.dropped;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Tells the tracker of a peer that has everything, from that peer's own address. */
async function announceSeed(options: CorruptPeerOptions, port: number): Promise<void> {
  const infoHash = options.infoHash.replaceAll(/../g, '%$&');
  const url = `${options.tracker}?info_hash=${infoHash}&peer_id=-LB0001-000000000000&port=${port}`;
  const figures = '&uploaded=0&downloaded=0&left=0&compact=1&event=started';
  const call = request(`${url}${figures}`, { localAddress: options.host });
  call.end();
  const [answer] = (await once(call, 'response')) as [NodeJS.ReadableStream];
  let text = '';
  for await (const part of answer) text += String(part);
  if (text.includes('failure reason')) throw new Error(`the tracker refused the peer: ${text}`);
}
