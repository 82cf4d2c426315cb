import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { OciError } from '../../oci/oci-error.ts';
import { batchContentType, largestBatchBody } from '../../torrent/announce-batch.ts';
import type { PeerAddress } from '../../torrent/ids.ts';
import type { Sender, Tracker } from '../../tracker/tracker.ts';
import type { Exchange } from '../exchange.ts';
import { reachedAddress } from '../own-address.ts';
import { hasBody, readBody } from '../request-body.ts';
import type { Handler, Services } from '../services.ts';

const path = '/announce?';

/**
 * Answers a `GET /announce` (BEP 3) without the way that other requests go: peers send thousands a second. False: it is
 * some other request.
 */
export function answerAnnounce(
  request: IncomingMessage,
  response: ServerResponse,
  services: Services,
): boolean {
  const { method, url = '', socket } = request;
  const { tracker } = services;
  // Where announces need a key, they take the way of the others.
  if (
    services.access !== undefined ||
    tracker === undefined ||
    method !== 'GET' ||
    !url.startsWith(path)
  )
    return false;
  if (hasBody(request)) return false;
  services.traffic.announces++;
  const answer = tracker.announce(url.slice(path.length), sender(socket), origin(socket, services));
  if (answer instanceof Promise) void answer.then((body) => sendAnswer(response, body));
  else sendAnswer(response, answer);
  return true;
}

/** `GET /announce` in any other form of a request. */
export const announce: Handler = async (exchange, services) => {
  const { socket } = exchange.request;
  const tracker = trackerOf(services);
  services.traffic.announces++;
  const from = admitted(exchange, services);
  const answer = tracker.announce(exchange.search, from, origin(socket, services));
  sendAnswer(exchange.response, await answer);
};

/** `POST /announce`: the announces of one peer for many torrents, between Docket's own parts. */
export const announceBatch: Handler = async (exchange, services) => {
  const { request } = exchange;
  const tracker = trackerOf(services);
  // Browsers send this type only to where they are allowed to.
  if (request.headers['content-type'] !== batchContentType) {
    exchange.send(415, { Accept: batchContentType });
    return;
  }
  const body = await readBody(request, largestBatchBody);
  const { socket } = request;
  const from = admitted(exchange, services);
  const answer = await tracker.announceBatch(body, from, origin(socket, services));
  exchange.send(200, { 'Content-Type': batchContentType }, answer);
};

/** `GET /scrape` (BEP 48). */
export const scrape: Handler = async (exchange, services) => {
  const { socket } = exchange.request;
  const from = admitted(exchange, services);
  const answer = trackerOf(services).scrape(exchange.search, origin(socket, services), from);
  sendAnswer(exchange.response, await answer);
};

function sendAnswer(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  // As text it leaves with the header in one piece.
  response.end(body.toString('latin1'), 'latin1');
}

function trackerOf({ tracker, trackers }: Services): Tracker {
  if (tracker !== undefined) return tracker;
  throw new OciError('UNSUPPORTED', `this registry's tracker is ${trackers?.[0]?.[0] ?? 'off'}`);
}

/** Who announces, and what he may hear of: what he may not looks like what is not tracked. */
function admitted(
  { request, caller, keyBlob }: Exchange,
  { access, blobRights }: Services,
): Sender {
  const from = sender(request.socket);
  if (access === undefined) return from;
  return { ...from, allows: (infoHash) => blobRights.mayPull(caller, infoHash, keyBlob) };
}

function sender({ remoteAddress = '' }: Socket): { readonly host: string } {
  return { host: remoteAddress };
}

/** The registry's own seeder, where this client reaches it. */
function origin(socket: Socket, { origins }: Services): PeerAddress {
  return origins.for(reachedAddress(socket));
}
