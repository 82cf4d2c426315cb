import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import { parseByteRange } from '../../oci/byte-range.ts';
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
    ETag: `"${digest}"`,
    'Cache-Control': 'max-age=31536000, immutable',
    // A proxy that spools bodies to its disk cuts them at a limit (podman#14481).
    'X-Accel-Buffering': 'no',
  };
  if (exchange.isHead) {
    const { size } = await registry.blobs.stat(repository, digest);
    response.writeHead(200, { ...headers, 'Content-Length': size }).end();
    return;
  }

  await using blob = await registry.blobs.open(repository, digest);
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || ifRange === headers.ETag;
  const range = parseByteRange(isSame ? request.headers.range : undefined, blob.size);
  switch (range.kind) {
    case 'unsatisfiable':
      // Without the headers of the blob: a cache must not keep this answer for it.
      exchange.send(416, { 'Accept-Ranges': 'bytes', 'Content-Range': `bytes */${blob.size}` });
      return;
    case 'whole':
      response.writeHead(200, { ...headers, 'Content-Length': blob.size });
      await sendBlob(response, blob, [0, blob.size], traffic, exchange.signal);
      return;
    case 'part': {
      const { first, last } = range;
      response.writeHead(206, {
        ...headers,
        'Content-Length': last - first + 1,
        'Content-Range': `bytes ${first}-${last}/${blob.size}`,
      });
      await sendBlob(response, blob, [first, last + 1], traffic, exchange.signal);
    }
  }
};

/** `DELETE /v2/<name>/blobs/<digest>` (distribution-spec end-10). */
export const deleteBlob: Handler = async (exchange, { registry }) => {
  await registry.blobs.unlink(exchange.repository, exchange.digest);
  exchange.send(202, {});
};
