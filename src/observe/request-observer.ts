import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { redact } from '../base/redact.ts';
import { requestEnd, requestStart, type ObservedRequest } from './channels.ts';
import { requestIdOf } from './request-id.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { parseTraceparent } from './traceparent.ts';

/** Classes of requests that come every few seconds and say nothing: they stand in the log only when it tells everything. */
const dull: ReadonlySet<string> = new Set(['health', 'readiness', 'metrics', 'announce', 'scrape']);

/** What a proxy calls an answer that nobody waited for. */
const clientGone = 499;

export interface RequestObserverOptions {
  readonly role: ObservedRequest['role'];
  readonly metrics: RequestMetrics;
  readonly log: Log;
  readonly clock: Clock;
  /** True: one line a request. */
  readonly accessLog: boolean;
}

interface Moved {
  read: number;
  written: number;
}

/** Looks on at every request of an HTTP face, from its start to its end. */
export class RequestObserver {
  readonly #options: RequestObserverOptions;
  /** What each connection had moved when its last request ended. */
  readonly #moved = new WeakMap<Socket, Moved>();

  constructor(options: RequestObserverOptions) {
    this.#options = options;
  }

  /** Begins to observe. Whoever answers fills in `route` and `repository` as soon as they are known. */
  start(request: IncomingMessage, response: ServerResponse): ObservedRequest {
    const { role, metrics, clock } = this.#options;
    const { method = '', url = '/', headers, socket } = request;
    const mark = url.indexOf('?');
    const observed: ObservedRequest = {
      id: requestIdOf(request),
      role,
      method,
      path: mark === -1 ? url : url.slice(0, mark),
      headers,
      remote: socket.remoteAddress,
      traceparent: parseTraceparent(headers['traceparent'])?.header,
      route: 'none',
      repository: undefined,
      status: undefined,
    };
    response.setHeader('X-Request-Id', observed.id);
    metrics.started();
    const since = clock.now();
    response.once('close', () => this.#end(observed, request, response, clock.now() - since));
    if (requestStart.hasSubscribers) requestStart.publish(observed);
    return observed;
  }

  #end(
    observed: ObservedRequest,
    request: IncomingMessage,
    response: ServerResponse,
    milliseconds: number,
  ): void {
    const { metrics, accessLog } = this.#options;
    const isWhole = response.writableFinished;
    if (response.headersSent) observed.status = response.statusCode;
    const { sent, received } = this.#movedBy(request.socket);
    const { route, method } = observed;
    const status = observed.status ?? clientGone;
    metrics.ended({ route, method, status, seconds: milliseconds / 1000, sent, received });
    if (requestEnd.hasSubscribers) requestEnd.publish(observed);
    if (!accessLog) return;
    const traceId = parseTraceparent(observed.traceparent)?.traceId;
    const fields = {
      requestId: observed.id,
      ...(traceId === undefined ? {} : { traceId }),
      method,
      route,
      path: redact((request.url ?? '').slice(0, 500)),
      status,
      sent,
      received,
      milliseconds: Math.round(milliseconds * 10) / 10,
      repository: observed.repository,
      remote: observed.remote,
      agent: observed.headers['user-agent']?.slice(0, 200),
      ...(isWhole ? {} : { brokenOff: true }),
    };
    if (dull.has(route) && status < 400) this.#options.log.debug(fields, 'request');
    else this.#options.log.info(fields, 'request');
  }

  /** A connection serves one request after another, so what it moved since the last one's end was for this one. */
  #movedBy(socket: Socket): { readonly sent: number; readonly received: number } {
    const before = this.#moved.get(socket) ?? { read: 0, written: 0 };
    const now = { read: socket.bytesRead, written: socket.bytesWritten };
    this.#moved.set(socket, now);
    return { sent: now.written - before.written, received: now.read - before.read };
  }
}
