import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request on its way to a store. */
export type Fate =
  | { readonly kind: 'pass' }
  /** Answered with this status and S3 error, and not passed on. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** Passed on, but the connection breaks after so many bytes of the answer's body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Passed on, but the answer stops after so many bytes of its body, and says nothing more. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Passed on and done, but the connection breaks before the answer. */
  | { readonly kind: 'lose' };

/** A request, as the proxy sees it. */
export interface Passing {
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

export const pass: Fate = { kind: 'pass' };

/** Stands in front of an HTTP server, and does harm to requests by a plan. */
export class FaultProxy implements AsyncDisposable {
  readonly endpoint: string;
  /** Decides over each request. */
  plan: (request: Passing) => Fate = () => pass;
  /** Which requests are neither passed on nor answered. */
  holds: (request: Passing) => boolean = () => false;
  held = 0;
  /** All requests so far: `GET /path?query`. */
  readonly seen: string[] = [];
  readonly #server: Server;
  readonly #target: URL;

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.#pass(request, response));
  }

  static async start(target: string): Promise<FaultProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, new URL(target));
  }

  /** How many requests began with this method and held this text. */
  count(method: string, text = ''): number {
    return this.seen.filter((line) => line.startsWith(`${method} `) && line.includes(text)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const { method = '', url: path = '' } = incoming;
    this.seen.push(`${method} ${path}`);
    if (this.holds({ method, path })) {
      this.held++;
      incoming.resume();
      return;
    }
    const fate = this.plan({ method, path });
    if (fate.kind === 'refuse') {
      incoming.resume();
      const body = `<?xml version="1.0"?><Error><Code>${fate.code}</Code><Message>made to fail</Message></Error>`;
      answer.writeHead(fate.status, { 'content-type': 'application/xml' });
      answer.end(method === 'HEAD' ? undefined : body);
      return;
    }
    const { hostname, port } = this.#target;
    // The headers stay as they are: the signature covers them.
    const headers = incoming.rawHeaders;
    const outgoing = httpRequest({ hostname, port, method, path, headers });
    // Swift sends an empty chunk after its answers to HEAD, which is an error by then.
    outgoing.on('error', () => void (answer.headersSent || answer.destroy()));
    outgoing.on('response', (response) => void this.#answer(response, answer, fate));
    incoming.pipe(outgoing);
    answer.on('close', () => outgoing.destroy());
  }

  async #answer(from: IncomingMessage, to: ServerResponse, fate: Fate): Promise<void> {
    if (fate.kind === 'lose') {
      to.destroy();
      return;
    }
    to.writeHead(from.statusCode ?? 500, from.rawHeaders);
    if (to.req.method === 'HEAD') {
      to.end();
      return;
    }
    const most = 'after' in fate ? fate.after : Infinity;
    let sent = 0;
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        const part = chunk.subarray(0, most - sent);
        to.write(part);
        sent += part.length;
        if (sent < most) continue;
        if (fate.kind === 'cut') setTimeout(() => to.destroy(), 20);
        return;
      }
      to.end();
    } catch {
      to.destroy();
    }
  }
}
