import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ObservedRequest } from '../observe/channels.ts';
import { everybody, type Caller } from '../auth/caller.ts';
import { OciError } from '../oci/oci-error.ts';
import { parseRepository, type Repository } from '../oci/reference.ts';
import { parseDigest, type Digest } from '../oci/digest.ts';
import { hostAndPort, isHostAndPort, reachedAddress, schemeOf } from './own-address.ts';

/** One request and its answer. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The query as it was sent, without the `?`. */
  readonly search: string;
  readonly query: URLSearchParams;
  /** The named parts of the path that the route picked out. */
  readonly parts: Readonly<Record<string, string>>;
  /** What is told of this request. */
  readonly observed: ObservedRequest;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Who sends it: known once it was admitted. */
  caller: Caller = everybody;
  /** Who asked, also when he may not: for the audit log. */
  askedBy: string | undefined;
  /** Of the credential that it brought. */
  mark = '';
  /** The one blob that it is about, when it brought the key of that blob's torrent. */
  keyBlob: string | undefined;
  /** What a change was about, for the audit log, where the path does not say it. */
  target: string | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    target: RequestTarget,
    parts: Readonly<Record<string, string>>,
    observed: ObservedRequest,
  ) {
    this.request = request;
    this.response = response;
    this.search = target.search;
    this.query = new URLSearchParams(target.search);
    this.parts = parts;
    this.observed = observed;
    const gone = new AbortController();
    this.signal = gone.signal;
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the client has gone'));
    });
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  /** The repository in the path. Throws OciError NAME_INVALID. */
  get repository(): Repository {
    return parseRepository(this.parts['name'] ?? '');
  }

  /** The digest in the path. Throws OciError DIGEST_INVALID. */
  get digest(): Digest {
    return parseDigest(this.parts['digest'] ?? '');
  }

  /** `http://registry:8000`: this registry as the client named it, or else as it was reached. */
  get origin(): string {
    const { headers, socket } = this.request;
    const { host } = headers;
    const isNamed = host !== undefined && isHostAndPort(host);
    const own = isNamed ? host : hostAndPort(reachedAddress(socket), socket.localPort ?? 0);
    return `${schemeOf(socket)}://${own}`;
  }

  /** Answers with a body that is in memory; for HEAD with its headers alone. */
  send(
    status: number,
    headers: Readonly<Record<string, string | number | readonly string[]>>,
    body: Uint8Array | string = '',
  ): void {
    this.response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers });
    this.response.end(this.isHead ? undefined : body);
  }

  sendJson(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.send(status, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(value));
  }
}

/** Where a request goes. */
export interface RequestTarget {
  readonly path: string;
  readonly search: string;
}

/**
 * Splits a request's target, of origin or absolute form, and decodes the path once. The path is not normalised: what is
 * no name by the grammar stays that. Throws OciError NAME_INVALID when it cannot be decoded.
 */
export function parseTarget(target: string): RequestTarget {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const mark = local.indexOf('?');
  const path = mark === -1 ? local : local.slice(0, mark);
  try {
    return { path: decodeURIComponent(path), search: mark === -1 ? '' : local.slice(mark + 1) };
  } catch (cause) {
    throw new OciError('NAME_INVALID', 'the path is not percent-encoded UTF-8', { cause });
  }
}
