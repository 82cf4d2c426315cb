import { connect, createServer, type OnReadOpts, type Socket } from 'node:net';
import { canonicalIp } from '../torrent/ip-address.ts';
import type { PeerAddress } from '../torrent/ids.ts';
import { adoptSocket } from './adopt-socket.ts';
import type { Connection, ConnectionHandler, Listener, Network } from './network.ts';

/** Bytes that may wait in the process for a slow peer. */
const highWaterMark = 768 * 1024;

/** All connections read into this: what comes is handled before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

class TcpConnection implements Connection {
  readonly remote: PeerAddress;
  readonly #socket: Socket;
  readonly #receiver: Receiver;
  #isCorked = false;

  constructor(socket: Socket, receiver: Receiver) {
    this.#socket = socket;
    this.#receiver = receiver;
    this.remote = {
      host: canonicalIp(socket.remoteAddress ?? '') ?? '0.0.0.0',
      port: socket.remotePort ?? 0,
    };
    socket.setNoDelay(true);
    socket.pause();
    // Errors are followed by `close`, which is what matters.
    socket.on('error', () => {});
    socket.on('drain', () => receiver.handler?.drained());
    socket.on('close', () => receiver.handler?.closed());
  }

  handle(handler: ConnectionHandler): void {
    this.#receiver.handler = handler;
    if (this.#socket.closed) queueMicrotask(() => handler.closed());
    else this.resume();
  }

  write(parts: readonly Uint8Array[], done?: () => void): boolean {
    const socket = this.#socket;
    if (socket.destroyed) {
      done?.();
      return true;
    }
    this.#cork();
    for (const [index, part] of parts.entries())
      socket.write(part, index === parts.length - 1 ? done : undefined);
    return socket.writableLength < highWaterMark;
  }

  pause(): void {
    this.#receiver.pause();
    this.#socket.pause();
  }

  resume(): void {
    this.#receiver.resume(() => this.#socket.resume());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** What is said in one moment goes out in one write. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    queueMicrotask(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }
}

/** Where the bytes of one connection go. */
class Receiver {
  handler: ConnectionHandler | undefined;
  #isPaused = true;
  /** What came all the same: a socket that is resumed and paused in one moment reads once more. */
  #early: Uint8Array[] = [];

  readonly onread: OnReadOpts = {
    buffer: readBuffer,
    callback: (length, buffer) => this.data(buffer.subarray(0, length)),
  };

  /** False when no more should come. */
  data(chunk: Uint8Array): boolean {
    if (this.#isPaused) this.#early.push(Uint8Array.from(chunk));
    else this.handler?.data(chunk);
    return !this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Calls `goOn` when what came early has been heard and it was not paused again. */
  resume(goOn: () => void): void {
    this.#isPaused = false;
    if (this.#early.length === 0) goOn();
    else queueMicrotask(() => this.#catchUp(goOn));
  }

  #catchUp(goOn: () => void): void {
    while (!this.#isPaused) {
      const chunk = this.#early.shift();
      if (chunk === undefined) return goOn();
      this.handler?.data(chunk);
    }
  }
}

function accepted(socket: Socket): TcpConnection {
  const receiver = new Receiver();
  const adopted = adoptSocket(socket, receiver.onread);
  if (adopted === undefined) socket.on('data', (chunk: Buffer) => receiver.data(chunk));
  return new TcpConnection(adopted ?? socket, receiver);
}

async function listen(
  address: PeerAddress,
  accept: (connection: Connection) => void,
): Promise<Listener> {
  const server = createServer({ pauseOnConnect: true }, (socket) => accept(accepted(socket)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port, backlog: 1024 }, resolve);
  });
  // A connection that cannot be accepted (too many files are open) ends no process.
  server.on('error', () => {});
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function dial(address: PeerAddress, timeout: number, signal: AbortSignal): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver();
    const socket = connect({ host: address.host, port: address.port, onread: receiver.onread });
    socket.pause();
    const give = (error: Error): void => {
      socket.destroy();
      signal.removeEventListener('abort', onAbort);
      reject(error);
    };
    const onAbort = (): void => give(new Error('the dial was called off'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket.setTimeout(timeout, () => give(new Error(`no answer within ${timeout} ms`)));
    socket.once('error', give);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.setTimeout(0).removeListener('error', give);
      resolve(new TcpConnection(socket, receiver));
    });
  });
}

/** The operating system's TCP. */
export const tcpNetwork: Network = { listen, connect: dial };
