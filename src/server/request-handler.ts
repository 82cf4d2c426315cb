import type { IncomingMessage, ServerResponse } from 'node:http';
import { redact } from '../base/redact.ts';
import type { ObservedRequest } from '../observe/channels.ts';
import { OciError } from '../oci/oci-error.ts';
import { isRepository } from '../oci/reference.ts';
import { answerOf, errorFields } from './error-status.ts';
import { Exchange, parseTarget } from './exchange.ts';
import type { RequestHandler } from './http-server.ts';
import { answerAnnounce } from './routes/tracker.ts';
import { findRoute } from './routes.ts';
import type { Services } from './services.ts';

/** Milliseconds for the rest of a body that nobody wants, after its request was answered. */
const lingering = 10_000;

/** Answers all requests: finds the route, runs its handler, and turns what it throws into the answer. */
export function createRequestHandler(services: Services): RequestHandler {
  return (request, response) => {
    response.on('error', () => {});
    if (answerAnnounce(request, response, services)) return undefined;
    const observed = services.observer.start(request, response);
    return handle(request, response, observed, services).finally(() => linger(request));
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  observed: ObservedRequest,
  services: Services,
): Promise<void> {
  response.setHeader('Docker-Distribution-API-Version', 'registry/2.0');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  try {
    const target = parseTarget(request.url ?? '/');
    const found = findRoute(target.path);
    if (found === undefined) throw new OciError('NAME_UNKNOWN', 'there is nothing at this path');
    observed.route = found.route.name;
    const { name } = found.parts;
    // What is no name by the grammar is in the path, which is told of too.
    if (name !== undefined && isRepository(name)) observed.repository = name;
    const method = found.route.methods[request.method ?? ''];
    if (method === undefined) {
      response.setHeader('Allow', Object.keys(found.route.methods).join(', '));
      throw new OciError('UNSUPPORTED', `${request.method} is not supported here`);
    }
    const exchange = new Exchange(request, response, target, found.parts, observed);
    const { access, audit } = services;
    if (access !== undefined) {
      try {
        exchange.caller = await access.admit(exchange, method.need);
      } catch (error) {
        audit?.refused(exchange, method.need, answerOf(error).status);
        throw error;
      }
    }
    audit?.watch(exchange, method.need);
    await method.run(exchange, services);
  } catch (error) {
    respond(error, request, response, observed, services);
  }
}

/** Tells the client what went wrong, in the form of the distribution-spec. */
function respond(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  observed: ObservedRequest,
  { log, metrics }: Services,
): void {
  const { status, code, message, detail } = answerOf(error);
  const isGone = response.destroyed || request.socket.destroyed;
  if (status >= 500 && !isGone) {
    metrics.failed(code, error);
    const { id: requestId, method } = observed;
    const path = redact(request.url ?? '');
    log.error({ ...errorFields(error), requestId, method, path }, 'a request failed');
  }
  // An answer that was begun can only be broken off: a client must never take it for whole.
  if (response.headersSent || isGone) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ errors: [{ code, message, detail }] });
  if (status === 429) response.setHeader('Retry-After', '5');
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Takes in the rest of the body, so that the client reads the answer and the connection lives on; but not for ever. */
function linger(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), lingering);
  request.once('close', () => clearTimeout(timer));
  request.on('error', () => {});
  request.resume();
}
