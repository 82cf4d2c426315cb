import type { IncomingMessage, ServerResponse } from 'node:http';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Zone } from '../../torrent/zone.ts';
import type { ContentCache } from '../cache/content-cache.ts';
import type { BlobFetcher } from '../fetch/blob-fetcher.ts';
import type { AgentMetrics } from './agent-metrics.ts';
import { sendBytes, sendJson } from './respond.ts';

/** What the agent tells of itself. */
export interface AgentApi {
  readonly about: {
    readonly version: string;
    readonly registry: string;
    readonly peerPort: number;
    /** Not told when it has none. */
    readonly zone?: Zone | undefined;
  };
  readonly blobs: BlobFetcher;
  readonly cache: ContentCache;
  readonly metrics: AgentMetrics;
}

/**
 * Answers `/api/v1/agent`, `/api/v1/downloads`, `/healthz`, `/readyz` and `/metrics`, and gives the class of the
 * request; undefined for all other paths. Nothing here changes anything, and no other site's page may read it: there are no CORS headers.
 */
export async function serveAgentApi(
  api: AgentApi,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<string | undefined> {
  const [path = ''] = (request.url ?? '').split('?', 1);
  switch (path) {
    case '/api/v1/agent':
      sendJson(request, response, 200, { name: 'docket-agent', ...api.about });
      return 'about';
    case '/api/v1/downloads':
      sendJson(request, response, 200, { downloads: api.blobs.downloads() });
      return 'downloads';
    case '/healthz': {
      const problem = await api.cache.check().then(() => undefined, messageOf);
      const status = problem === undefined ? 200 : 503;
      sendJson(request, response, status, problem === undefined ? { status: 'ok' } : { problem });
      return 'health';
    }
    case '/readyz': {
      const code = await api.cache.check().then(
        () => undefined,
        (error: unknown) => codeOf(error) ?? 'UNKNOWN',
      );
      if (code === undefined) sendJson(request, response, 200, { status: 'ready' });
      else {
        const reasons = [{ check: 'storage', code }];
        sendJson(request, response, 503, { status: 'not ready', reasons });
      }
      return 'readiness';
    }
    case '/metrics': {
      const text = Buffer.from(await api.metrics.text());
      sendBytes(request, response, 200, api.metrics.contentType, text);
      return 'metrics';
    }
    default:
      return undefined;
  }
}
