import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { isAnyHost } from '../torrent/ip-address.ts';
import { hostAndPort } from './own-address.ts';
import type { Tls } from './tls.ts';

/** A server that accepts requests. */
export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /**
   * Accepts no more requests, lets those under way end for a few seconds, then breaks them off. Resolves when their handlers
   * have ended, but for such as hang, on a disk that does not answer.
   */
  close(): Promise<void>;
}

/** Answers a request; a promise resolves when nothing is done for it any more, and never rejects. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | void;

/** Milliseconds for requests under way when the server closes. */
const grace = 3_000;
/** Milliseconds for handlers whose requests were broken off, to put on the disk what they received. */
const settling = 10_000;

/** How long clients may keep the server waiting, in milliseconds. */
export interface HttpTimeouts {
  /** For the whole header of a request. */
  readonly header: number;
  /** For the next byte, in either direction. A body as such may take hours. */
  readonly silence: number;
}

/** A client that is silent for so long is gone, or means harm. */
const usualTimeouts: HttpTimeouts = { header: 60_000, silence: 300_000 };

/** Opens the port; 0 takes a free one. Throws what the system says (`EADDRINUSE`…). */
export async function startHttpServer(options: {
  readonly host: string;
  readonly port: number;
  readonly handler: RequestHandler;
  readonly timeouts?: HttpTimeouts;
  readonly tls?: Tls | undefined;
}): Promise<HttpServer> {
  const { header, silence } = options.timeouts ?? usualTimeouts;
  const running = new Set<Promise<void>>();
  const settings = {
    // A push may take hours; only silence ends it (below).
    requestTimeout: 0,
    headersTimeout: header,
    connectionsCheckingInterval: header / 2,
    // podman asks for up to 1024 ranges of a layer at once.
    maxHeaderSize: 64 * 1024,
    // Clients in Go keep idle connections for up to 120 s, and a request may not meet a closing one.
    keepAliveTimeout: 125_000,
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const handled = options.handler(request, response);
    if (handled === undefined) return;
    running.add(handled);
    void handled.finally(() => running.delete(handled));
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(settings, listener)
      : createTlsServer({ ...settings, ...tls.current, handshakeTimeout: header }, listener);
  tls?.onChange((context) => {
    if (server instanceof TlsServer) server.setSecureContext(context);
  });
  server.setTimeout(silence);
  const connections = new Connections(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const host = isAnyHost(options.host) ? '127.0.0.1' : options.host;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    connections.end();
    const timer = setTimeout(() => server.closeAllConnections(), grace);
    await closed;
    clearTimeout(timer);
    const given = Promise.withResolvers<void>();
    const limit = setTimeout(given.resolve, settling);
    await Promise.race([Promise.all(running), given.promise]);
    clearTimeout(limit);
  };
  const scheme = tls === undefined ? 'http' : 'https';
  return { url: `${scheme}://${hostAndPort(host, port)}`, port, close };
}

/** Knows which connections have requests under way: Node counts one that never sent any as busy. */
class Connections {
  readonly #requests = new Map<Socket, number>();
  #isEnding = false;

  constructor(server: Server) {
    const add = (socket: Socket): void => {
      this.#requests.set(socket, 0);
      socket.once('close', () => this.#requests.delete(socket));
    };
    // Of TLS the connection within counts: it is the one of the requests.
    if (server instanceof TlsServer) server.on('secureConnection', add);
    else server.on('connection', add);
    server.prependListener('request', ({ socket }, response) => {
      this.#count(socket, 1);
      response.once('close', () => this.#count(socket, -1));
    });
  }

  /** Closes each connection as soon as it has nothing under way. */
  end(): void {
    this.#isEnding = true;
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroySoon();
  }

  #count(socket: Socket, change: 1 | -1): void {
    const requests = this.#requests.get(socket);
    if (requests === undefined) return;
    this.#requests.set(socket, requests + change);
    if (this.#isEnding && requests + change === 0) socket.destroySoon();
  }
}
