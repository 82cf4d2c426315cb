import { connect, createServer, type Socket } from 'node:net';
import { canonicalIp } from '../torrent/ip-address.ts';
import type { PeerAddress } from '../torrent/ids.ts';
import type { Connection, ConnectionHandler, Listener, Network } from './network.ts';

/** Bytes that may wait in the process for a slow peer. */
const highWaterMark = 1024 * 1024;

class TcpConnection implements Connection {
  readonly remote: PeerAddress;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remote = {
      host: canonicalIp(socket.remoteAddress ?? '') ?? '0.0.0.0',
      port: socket.remotePort ?? 0,
    };
    socket.setNoDelay(true);
    socket.pause();
    // Errors are followed by `close`, which is what matters.
    socket.on('error', () => {});
  }

  handle(handler: ConnectionHandler): void {
    const socket = this.#socket;
    socket.removeAllListeners('data').removeAllListeners('drain').removeAllListeners('close');
    socket.on('data', (chunk: Buffer) => handler.data(chunk));
    socket.on('drain', () => handler.drained());
    socket.on('close', () => handler.closed());
    if (socket.destroyed) queueMicrotask(() => handler.closed());
    else socket.resume();
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.#socket.destroyed) return true;
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    return this.#socket.writableLength < highWaterMark;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

async function listen(
  address: PeerAddress,
  accept: (connection: Connection) => void,
): Promise<Listener> {
  const server = createServer((socket) => accept(new TcpConnection(socket)));
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
    const socket = connect({
      host: address.host,
      port: address.port,
      highWaterMark: 256 * 1024,
    } as never);
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
      resolve(new TcpConnection(socket));
    });
  });
}

/** The operating system's TCP. */
export const tcpNetwork: Network = { listen, connect: dial };
