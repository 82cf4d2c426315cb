import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostAndPort } from './own-address.ts';

/** A server that accepts requests. */
export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Accepts no more requests, lets those under way end for a few seconds, then breaks them off. */
  close(): Promise<void>;
}

/** Milliseconds for requests under way when the server closes. */
const grace = 3_000;

/** Opens the port; 0 takes a free one. Throws what the system says (`EADDRINUSE`…). */
export async function startHttpServer(options: {
  readonly host: string;
  readonly port: number;
  readonly handler: RequestListener;
}): Promise<HttpServer> {
  const server = createServer(
    {
      // A push may take hours; only silence ends it (below).
      requestTimeout: 0,
      headersTimeout: 60_000,
      // Clients in Go keep idle connections for up to 120 s, and a request may not meet a closing one.
      keepAliveTimeout: 125_000,
    },
    options.handler,
  );
  // Nothing read and nothing written for so long: the client is gone, or means harm.
  server.setTimeout(300_000);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const isAny = options.host === '0.0.0.0' || options.host === '::';
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), grace);
    await closed;
    clearTimeout(timer);
  };
  return { url: `http://${hostAndPort(isAny ? '127.0.0.1' : options.host, port)}`, port, close };
}
