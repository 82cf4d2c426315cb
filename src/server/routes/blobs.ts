import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import { observeTransfer } from '../../observe/channels.ts';
import { parseByteRanges, type BytePart } from '../../oci/byte-range.ts';
import { expectDeletes } from '../expect-deletes.ts';
import { clientHas, etagOf } from '../etag.ts';
import { multipartRanges } from '../multipart-ranges.ts';
import { sendBlob } from '../send-blob.ts';
import type { Handler } from '../services.ts';

/** Where a blob is pulled from, as a path. */
export function blobPath(repository: Repository, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}

/** `GET` and `HEAD /v2/<name>/blobs/<digest>` (distribution-spec end-2). */
export const getBlob: Handler = async (exchange, { registry, traffic }) => {
  const { repository, digest, response, request } = exchange;
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ETag: etagOf(digest),
    'Cache-Control': 'max-age=31536000, immutable',
    // A proxy that spools bodies to its disk cuts them at a limit (podman#14481).
    'X-Accel-Buffering': 'no',
  };
  if (exchange.isHead || clientHas(exchange, digest)) {
    const { size } = await registry.blobs.stat(repository, digest);
    if (clientHas(exchange, digest)) response.writeHead(304, headers);
    else response.writeHead(200, { ...headers, 'Content-Length': size });
    response.end();
    return;
  }

  await using blob = await registry.blobs.open(repository, digest);
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || ifRange === headers.ETag;
  const range = parseByteRanges(isSame ? request.headers.range : undefined, blob.size);
  const about = { direction: 'send', request: exchange.observed, repository, digest } as const;
  const send = (part: BytePart): Promise<void> =>
    observeTransfer(about, async (transfer) => {
      await sendBlob(response, blob, part, traffic, exchange.signal);
      transfer.bytes = part.last + 1 - part.first;
    });
  switch (range.kind) {
    case 'unsatisfiable':
      // Without the headers of the blob: a cache must not keep this answer for it.
      exchange.send(416, { 'Accept-Ranges': 'bytes', 'Content-Range': `bytes */${blob.size}` });
      return;
    case 'whole':
      response.writeHead(200, { ...headers, 'Content-Length': blob.size });
      await send({ first: 0, last: blob.size - 1 });
      break;
    case 'part': {
      const { first, last } = range;
      response.writeHead(206, {
        ...headers,
        'Content-Length': last - first + 1,
        'Content-Range': `bytes ${first}-${last}/${blob.size}`,
      });
      await send(range);
      break;
    }
    case 'parts': {
      const type = headers['Content-Type'];
      const { contentType, length, parts, end } = multipartRanges(range.parts, blob.size, type);
      response.writeHead(206, {
        ...headers,
        'Content-Type': contentType,
        'Content-Length': length,
      });
      for (const part of parts) {
        response.write(part.head);
        await send(part);
      }
      response.write(end);
    }
  }
  response.end();
};

/** `DELETE /v2/<name>/blobs/<digest>` (distribution-spec end-10). */
export const deleteBlob: Handler = async (exchange, services) => {
  expectDeletes(exchange, services);
  const { registry } = services;
  await registry.blobs.unlink(exchange.repository, exchange.digest);
  exchange.send(202, {});
};
