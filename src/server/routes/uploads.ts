import { digestAlgorithm, isDigestAlgorithm, parseDigest, type Digest } from '../../oci/digest.ts';
import { OciError } from '../../oci/oci-error.ts';
import { parseRepository, type Repository } from '../../oci/reference.ts';
import type { UploadBody, UploadRange } from '../../registry/upload-session.ts';
import type { UploadStatus } from '../../registry/uploads.ts';
import { observeChunks, transferStart } from '../../observe/channels.ts';
import { parseUploadRange } from '../../oci/byte-range.ts';
import type { Exchange } from '../exchange.ts';
import { hasBody, receiveBody } from '../request-body.ts';
import type { Handler, Services } from '../services.ts';
import { blobPath } from './blobs.ts';

/** `POST /v2/<name>/blobs/uploads/` (distribution-spec end-4a, end-4b, end-4c, end-11). */
export const startUpload: Handler = async (exchange, services) => {
  const { repository, query, request } = exchange;
  const { uploads, blobs } = services.registry;
  const owner = exchange.caller.label;
  const client = request.socket.remoteAddress ?? '';
  const mount = query.get('mount');
  if (mount !== null) {
    const digest = parseDigest(mount);
    const from = query.get('from');
    const source = from === null || from === '' ? undefined : parseRepository(from);
    const mayPull = (holder: Repository): boolean => exchange.caller.may('pull', holder);
    if (await blobs.mount(repository, digest, source, mayPull)) {
      answerCreated(exchange, repository, digest);
      return;
    }
  }
  const whole = query.get('digest');
  if (whole !== null && mount === null) {
    const digest = parseDigest(whole);
    const { id } = await uploads.start(repository, digestAlgorithm(digest), client, owner);
    try {
      await uploads.finish(repository, id, digest, body(exchange, services));
    } catch (error) {
      // Nobody knows of this upload: it could not be gone on with.
      await uploads.cancel(repository, id).catch(() => {});
      throw error;
    }
    answerCreated(exchange, repository, digest);
    return;
  }
  const algorithm = algorithmFor(query.get('digest-algorithm') ?? 'sha256');
  answerStatus(exchange, 202, await uploads.start(repository, algorithm, client, owner));
};

/** `PATCH /v2/<name>/blobs/uploads/<id>` (distribution-spec end-5), with or without `Content-Range`. */
export const appendToUpload: Handler = async (exchange, services) => {
  const { repository } = exchange;
  const id = await ownUpload(exchange, services);
  const status = await services.registry.uploads.append(
    repository,
    id,
    body(exchange, services),
    range(exchange),
  );
  answerStatus(exchange, 202, status);
};

/** `PUT /v2/<name>/blobs/uploads/<id>?digest=<digest>` (distribution-spec end-6), with or without the last bytes. */
export const finishUpload: Handler = async (exchange, services) => {
  const { repository } = exchange;
  const digest = parseDigest(exchange.query.get('digest') ?? '');
  const place = range(exchange);
  const last =
    place !== undefined || hasBody(exchange.request) ? body(exchange, services) : undefined;
  const id = await ownUpload(exchange, services);
  await services.registry.uploads.finish(repository, id, digest, last, place);
  answerCreated(exchange, repository, digest);
};

/** `GET /v2/<name>/blobs/uploads/<id>` (distribution-spec end-13). */
export const getUpload: Handler = async (exchange, services) => {
  const id = await ownUpload(exchange, services);
  const status = await services.registry.uploads.status(exchange.repository, id);
  answerStatus(exchange, 204, status);
};

/** `DELETE /v2/<name>/blobs/uploads/<id>` (distribution-spec end-14). */
export const cancelUpload: Handler = async (exchange, services) => {
  const id = await ownUpload(exchange, services);
  await services.registry.uploads.cancel(exchange.repository, id);
  exchange.response.writeHead(204).end();
};

/** The upload of the path, when the sender began it. Throws OciError BLOB_UPLOAD_UNKNOWN. */
async function ownUpload(
  { parts, repository, caller }: Exchange,
  { registry }: Services,
): Promise<string> {
  const id = parts['id'] ?? '';
  await registry.uploads.expectOwner(repository, id, caller.label);
  return id;
}

function body({ request, signal, observed }: Exchange, { traffic }: Services): UploadBody {
  const count = (bytes: number): void => {
    traffic.received += bytes;
  };
  const received = receiveBody(request, traffic.download, count, signal);
  if (!transferStart.hasSubscribers) return received;
  const { repository } = observed;
  const about = { direction: 'receive', request: observed, repository, digest: undefined } as const;
  return { ...received, chunks: observeChunks(about, received.chunks) };
}

function range({ request }: Exchange): UploadRange | undefined {
  const header = request.headers['content-range'];
  if (header === undefined) return undefined;
  const parsed = parseUploadRange(header);
  if (parsed !== undefined) return parsed;
  throw new OciError('RANGE_INVALID', 'Content-Range must be <first>-<last>');
}

function algorithmFor(text: string): 'sha256' | 'sha512' {
  if (isDigestAlgorithm(text)) return text;
  throw new OciError('DIGEST_INVALID', 'the digest algorithm must be sha256 or sha512');
}

function answerStatus(exchange: Exchange, code: 202 | 204, { id, size }: UploadStatus): void {
  exchange.response
    .writeHead(code, {
      // Relative: no header of the request tells reliably how the client reaches us (distribution#2225).
      Location: `/v2/${exchange.repository}/blobs/uploads/${id}`,
      Range: `0-${Math.max(0, size - 1)}`,
      'Docker-Upload-UUID': id,
      ...(code === 202 ? { 'Content-Length': 0 } : {}),
    })
    .end();
}

function answerCreated(exchange: Exchange, repository: Repository, digest: Digest): void {
  exchange.target = digest;
  exchange.send(201, {
    Location: blobPath(repository, digest),
    'Docker-Content-Digest': digest,
  });
}
