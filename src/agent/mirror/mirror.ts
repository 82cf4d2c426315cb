import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { redact } from '../../base/redact.ts';
import { blobsOf, type Descriptor } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-type.ts';
import type { ObservedRequest } from '../../observe/channels.ts';
import { whileAnswering } from '../../observe/request-context.ts';
import type { RequestObserver } from '../../observe/request-observer.ts';
import { OciError } from '../../oci/oci-error.ts';
import type { Repository } from '../../oci/reference.ts';
import { serveAgentApi, type AgentApi } from './agent-api.ts';
import { isOurHost } from './host-header.ts';
import { parseMirrorRoute, type MirrorRoute } from './mirror-route.ts';
import type { Origins } from './origins.ts';
import { sendBytes, sendError, sendJson } from './respond.ts';
import { serveBlob, type BlobService } from './serve-blob.ts';

/** What a mirror works with. */
export interface MirrorOptions {
  readonly host: string;
  readonly port: number;
  readonly origins: Origins;
  /** The registry's base URL, for messages. */
  readonly registry: URL;
  readonly service: BlobService;
  readonly api: AgentApi;
  readonly observer: RequestObserver;
  readonly log: Log;
}

/**
 * The agent's face to the container runtimes of its host: a registry that only reads. What it cannot serve it answers with
 * 404, whatever the reason: then every runtime goes on to its next source at once, while other statuses make some of them
 * retry for minutes.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  readonly #server: Server;

  private constructor(options: MirrorOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        // Go clients keep idle connections for up to 120 s and dislike it when they are closed under a request.
        keepAliveTimeout: 150_000,
        headersTimeout: 160_000,
        // podman asks for up to 1024 ranges of a layer at once.
        maxHeaderSize: 64 * 1024,
      },
      (request, response) => void this.#handle(request, response),
    );
    // Some clients try TLS first: a fast end lets them go on to plain HTTP.
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Listens. Rejects with the system's error when the address is taken. */
  static async start(options: MirrorOptions): Promise<Mirror> {
    const mirror = new Mirror(options);
    await new Promise<void>((resolve, reject) => {
      mirror.#server.once('error', reject);
      mirror.#server.listen(options.port, options.host, () => {
        mirror.#server.off('error', reject);
        mirror.#server.on('error', (error) => {
          options.log.error({ error }, 'a connection could not be accepted');
        });
        resolve();
      });
    });
    return mirror;
  }

  /** Where the mirror listens. */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Stops listening, and breaks off what is being answered. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort(new Error('the client went away')));
    response.on('error', () => {});
    request.on('error', () => {});
    request.resume();
    const observed = this.#options.observer.start(request, response);
    try {
      await whileAnswering(observed, () => this.#answer(request, response, observed, gone.signal));
    } catch (error) {
      this.#fail(request, response, observed, error, gone.signal);
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    observed: ObservedRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { host, origins, registry, api } = this.#options;
    const target = request.url ?? '';
    if (!isOurHost(request.headers.host, host)) {
      sendError(request, response, 403, 'DENIED', 'this Host is not this agent');
      return;
    }
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead) {
      const message = `an agent only pulls: push to the registry, ${registry.href}`;
      const headers = { allow: 'GET, HEAD', connection: 'close' };
      sendError(request, response, 405, 'UNSUPPORTED', message, headers);
      return;
    }
    const own = await serveAgentApi(api, request, response);
    if (own !== undefined) {
      observed.route = own;
      return;
    }
    const route = parseMirrorRoute(target, origins);
    if (route === undefined) {
      sendError(request, response, 404, 'UNSUPPORTED', 'this agent has no such endpoint');
      return;
    }
    observed.route = route.kind;
    if (route.kind !== 'ping') observed.repository = route.repository;
    await this.#serve(route, request, response, observed, signal);
  }

  async #serve(
    route: MirrorRoute,
    request: IncomingMessage,
    response: ServerResponse,
    observed: ObservedRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { service } = this.#options;
    switch (route.kind) {
      case 'ping':
        // No challenge, ever: some clients would send their passwords for Docker Hub here.
        sendJson(request, response, 200, {}, { 'docker-distribution-api-version': 'registry/2.0' });
        return;
      case 'manifest': {
        const { repository, reference } = route;
        const found = await service.fetcher.manifests.get(repository, reference, signal);
        sendBytes(request, response, 200, found.mediaType, found.bytes, {
          'docker-content-digest': found.digest,
          etag: `"${found.digest}"`,
        });
        if (request.method === 'GET') this.#prefetch(repository, blobsOf(found.manifest));
        return;
      }
      case 'blob':
        await serveBlob(service, request, response, observed, route, signal);
        return;
      case 'tags': {
        const page = await service.upstream.getTags(route.repository, route.query, signal);
        const value = { name: route.repository, tags: page.tags };
        const link: Record<string, string> =
          page.next === undefined ? {} : { link: `<${route.path}?${page.next}>; rel="next"` };
        sendJson(request, response, 200, value, link);
        return;
      }
      case 'referrers': {
        const { repository, digest, query } = route;
        const page = await service.upstream.getReferrers(repository, digest, query, signal);
        sendBytes(request, response, 200, mediaTypes.ociIndex, page.index, {
          ...(page.next !== undefined && { link: `<${route.path}?${page.next}>; rel="next"` }),
          ...(page.filters !== undefined && { 'oci-filters-applied': page.filters }),
        });
        return;
      }
    }
  }

  /** The blobs of a manifest will be asked for next. */
  #prefetch(repository: Repository, blobs: readonly Descriptor[]): void {
    const { service, log } = this.#options;
    service.fetcher.blobs.prefetch(repository, blobs).catch((error: unknown) => {
      log.warn({ repository, error: messageOf(error) }, 'torrents cannot be fetched ahead');
    });
  }

  #fail(
    request: IncomingMessage,
    response: ServerResponse,
    observed: ObservedRequest,
    error: unknown,
    signal: AbortSignal,
  ): void {
    const { log } = this.#options;
    if (signal.aborted) {
      response.destroy();
      return;
    }
    const fields = {
      requestId: observed.id,
      path: redact((request.url ?? '').slice(0, 300)),
      code: codeOf(error),
      error: messageOf(error),
    };
    if (response.headersSent) {
      // A body that ends early but cleanly would be taken for a short blob.
      log.warn(fields, 'a body was broken off');
      response.destroy();
      return;
    }
    log.info(fields, 'passed with 404');
    if (error instanceof OciError) {
      sendError(request, response, 404, error.code, error.message);
      return;
    }
    const isBlob = request.url?.includes('/blobs/') ?? false;
    const code = isBlob ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN';
    sendError(request, response, 404, code, messageOf(error));
  }
}
