import { OciError } from '../../oci/oci-error.ts';
import { manifestReference, parseTag, type ManifestReference } from '../../oci/reference.ts';
import { largestManifest } from '../../registry/manifests.ts';
import { clientHas, etagOf } from '../etag.ts';
import type { Exchange } from '../exchange.ts';
import { expectDeletes } from '../expect-deletes.ts';
import { readBody } from '../request-body.ts';
import type { Handler } from '../services.ts';

/** `GET` and `HEAD /v2/<name>/manifests/<reference>` (distribution-spec end-3). What is stored is served, whatever `Accept` says. */
export const getManifest: Handler = async (exchange, { registry }) => {
  const { bytes, mediaType, digest } = await registry.manifests.get(
    exchange.repository,
    existingReference(exchange),
  );
  const headers = { 'Docker-Content-Digest': digest, ETag: etagOf(digest) };
  if (clientHas(exchange, digest)) {
    exchange.response.writeHead(304, headers).end();
    return;
  }
  exchange.send(200, { ...headers, 'Content-Type': mediaType }, bytes);
};

/** The most tags that one push sets beside its reference: all are set at once, and everybody else waits. */
const mostTags = 100;

/** `PUT /v2/<name>/manifests/<reference>[?tag=<tag>…]` (distribution-spec end-7). */
export const putManifest: Handler = async (exchange, { registry, log }) => {
  const { repository, request, query } = exchange;
  const reference = manifestReference(exchange.parts['reference'] ?? '');
  const tags = query.getAll('tag').map(parseTag);
  if (tags.length > mostTags) {
    throw new OciError('TOOMANYTAGS', `one push sets at most ${mostTags} tags`);
  }
  const { digest, subject } = await registry.manifests.put(repository, {
    reference,
    bytes: await readBody(request, largestManifest),
    contentType: request.headers['content-type'],
    tags,
  });
  log.info({ ...told(exchange), digest }, 'a manifest was pushed');
  exchange.send(201, {
    Location: `/v2/${repository}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ...(subject === undefined ? {} : { 'OCI-Subject': subject }),
    ...(tags.length === 0 ? {} : { 'OCI-Tag': tags }),
  });
};

/** `DELETE /v2/<name>/manifests/<reference>` (distribution-spec end-9). */
export const deleteManifest: Handler = async (exchange, services) => {
  expectDeletes(exchange, services);
  const { registry, log } = services;
  const { repository } = exchange;
  await registry.manifests.remove(repository, existingReference(exchange));
  log.info(told(exchange), 'a manifest was deleted');
  exchange.send(202, {});
};

/** What the log says of a change. */
function told({ observed, repository, parts }: Exchange): object {
  return { requestId: observed.id, repository, reference: parts['reference'] };
}

/** What cannot be a tag is one that does not exist. */
function existingReference(exchange: Exchange): ManifestReference {
  const text = exchange.parts['reference'] ?? '';
  try {
    return manifestReference(text);
  } catch (error) {
    if (error instanceof OciError && error.code === 'TAG_INVALID') {
      throw new OciError('MANIFEST_UNKNOWN', error.message, { cause: error });
    }
    throw error;
  }
}
