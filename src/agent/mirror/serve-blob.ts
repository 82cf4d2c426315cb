import type { IncomingMessage, ServerResponse } from 'node:http';
import { sleep, type Clock } from '../../base/clock.ts';
import { observeTransfer, type ObservedRequest } from '../../observe/channels.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { ContentCache } from '../cache/content-cache.ts';
import type { Fetcher } from '../fetch/create-fetcher.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { parseByteRange } from '../../oci/byte-range.ts';
import { sendError } from './respond.ts';
import { sendBlob } from './send-blob.ts';

/** What blobs are served from. */
export interface BlobService {
  readonly fetcher: Fetcher;
  readonly cache: ContentCache;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly onSent: (bytes: number) => void;
}

/** Containerd gives up a mirror that sends no headers for 30 s: so long a source may be looked for before they go out. */
const headersWithin = 5000;

/**
 * Answers GET and HEAD of a blob (distribution-spec end-2). To GET the headers go out as soon as a source is found, with
 * the exact length, then the bytes as they come. Rejects, with an UpstreamError or FetchError, when the blob cannot be
 * had: before the headers went out, or after.
 */
export async function serveBlob(
  service: BlobService,
  request: IncomingMessage,
  response: ServerResponse,
  observed: ObservedRequest,
  { repository, digest }: { readonly repository: Repository; readonly digest: Digest },
  signal: AbortSignal,
): Promise<void> {
  const { fetcher, upstream, clock } = service;
  if (request.method === 'HEAD') {
    const size = await sizeOf(service, repository, digest, signal);
    response.writeHead(200, { ...headersOf(digest), 'content-length': size }).end();
    return;
  }
  const expected = fetcher.manifests.sizeOf(digest);
  const opening = fetcher.blobs.open(repository, digest, expected, signal);
  const openedSize = opening.then((opened) => opened.size);
  try {
    let size = await Promise.race([
      openedSize,
      sleep(clock, headersWithin, signal).then(() => expected),
    ]);
    // No manifest told it: the agent was restarted meanwhile, or the client has the digest from elsewhere.
    size ??= await Promise.race([
      openedSize,
      upstream.headBlob(repository, digest, signal).catch(() => openedSize),
    ]);
    const range = parseByteRange(rangeHeader(request, digest), size);
    if (range.kind === 'unsatisfiable') {
      const headers = { 'content-range': `bytes */${size}` };
      sendError(request, response, 416, 'RANGE_INVALID', `the blob has ${size} bytes`, headers);
      return;
    }
    const part = range.kind === 'part' ? range : { first: 0, last: size - 1 };
    response.writeHead(range.kind === 'part' ? 206 : 200, {
      ...headersOf(digest),
      'content-length': part.last + 1 - part.first,
      ...(range.kind === 'part' && {
        'content-range': `bytes ${part.first}-${part.last}/${size}`,
      }),
    });
    response.flushHeaders();
    const reader = await opening;
    if (reader.size !== size) throw new Error(`${digest} has ${reader.size} bytes, not ${size}`);
    const about = { direction: 'send', request: observed, repository, digest } as const;
    await observeTransfer(about, async (transfer) => {
      await sendBlob(response, reader, part, clock, signal, service.onSent);
      transfer.bytes = part.last + 1 - part.first;
    });
  } finally {
    void opening.then((opened) => opened.close()).catch(() => {});
  }
}

/** HEAD is only a question: it fetches nothing. */
async function sizeOf(
  service: BlobService,
  repository: Repository,
  digest: Digest,
  signal: AbortSignal,
): Promise<number> {
  const blob = await service.cache.blobs.find(digest);
  return blob?.size ?? (await service.upstream.headBlob(repository, digest, signal));
}

function headersOf(digest: Digest): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
  };
}

/** A range is only meant for the blob that `If-Range` names (RFC 9110 §13.1.5). */
function rangeHeader(request: IncomingMessage, digest: Digest): string | undefined {
  const condition = request.headers['if-range'];
  return condition === undefined || condition === `"${digest}"` ? request.headers.range : undefined;
}
