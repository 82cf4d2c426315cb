import { digestAlgorithm, digestOf, isDigest, sha256Of, type Digest } from '../../oci/digest.ts';
import { parseManifest, type Manifest } from '../../oci/manifest.ts';
import {
  acceptManifests,
  essenceOf,
  isIndexType,
  isManifestType,
  mediaTypes,
} from '../../oci/media-type.ts';
import type { ManifestReference, Repository } from '../../oci/reference.ts';
import { largestMetainfo } from '../../torrent/metainfo.ts';
import { messageOf } from '../../base/errors.ts';
import { parseContentRange } from './content-range.ts';
import { RegistryHttp, discard, readLimited, unreachable, type Answer } from './registry-http.ts';
import type { RegistryHttpOptions } from './registry-http.ts';
import { UpstreamError } from './upstream-error.ts';

/** The most bytes of a manifest: what the clients accept, too. */
export const largestManifest = 4 * 1024 * 1024;
/**
 * Milliseconds for the headers of all but blobs: clients wait 15 to 30 s for the whole answer, and the cache may have one
 * when the registry hangs.
 */
const patience = 8000;
/** The registry reads a whole blob to make its torrent. To take the blob over plain HTTP instead would not be faster. */
const torrentPatience = 120_000;
const largestTagsList = 4 * 1024 * 1024;
/** Each of a page's manifests may be full of annotations. */
const largestReferrers = 2 * largestManifest;

/** A manifest whose bytes fit its digest. */
export interface FetchedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** As the registry sent them. */
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/** A blob's bytes from `offset` to its end. Not checked against the digest. */
export interface BlobBody {
  readonly offset: number;
  /** Bytes of the whole blob; undefined when the registry did not tell. */
  readonly size: number | undefined;
  /** Must be read to its end or left by `break`. Throws UpstreamError UPSTREAM_UNREACHABLE when the bytes break off. */
  readonly bytes: AsyncIterable<Buffer>;
}

/** One page of a repository's tags. */
export interface TagsPage {
  readonly tags: readonly string[];
  /** The query of the next page, `n=…&last=…`, when there is one. */
  readonly next: string | undefined;
}

/** One page of what refers to a manifest. */
export interface ReferrersPage {
  /** An index, as the registry sent it; not looked at. */
  readonly index: Buffer;
  /** What the registry says of the filters that it applied. */
  readonly filters: string | undefined;
  /** The query of the next page, when there is one. */
  readonly next: string | undefined;
}

/** The client of the registry that an agent, or `docket pull`, fetches from. All methods throw UpstreamError. */
export class Upstream {
  readonly #http: RegistryHttp;

  constructor(options: RegistryHttpOptions) {
    this.#http = new RegistryHttp(options);
  }

  /** True when the registry has given a sensible answer within the last `milliseconds`. */
  answeredWithin(milliseconds: number): boolean {
    return this.#http.answeredWithin(milliseconds);
  }

  /** Where the registry serves a blob over HTTP: the web seed of its torrent. */
  blobUrl(repository: Repository, digest: Digest): string {
    return this.#http.url(blobPath(repository, digest));
  }

  /**
   * The digest that the registry gives to a manifest, or undefined when it is there but the registry does not tell its
   * digest (distribution-spec end-3, where the header may be missing).
   */
  async headManifest(
    repository: Repository,
    reference: ManifestReference,
    signal?: AbortSignal,
  ): Promise<Digest | undefined> {
    const answer = await this.#http.request({
      method: 'HEAD',
      path: manifestPath(repository, reference),
      patience,
      headers: { accept: acceptManifests },
      signal,
    });
    await answer.body.dump();
    const digest = answer.headers['docker-content-digest'];
    return digest !== undefined && isDigest(digest) ? digest : undefined;
  }

  /** A manifest or index, at most 4 MiB, checked to be one and to fit the digest that was asked for (end-3). */
  async getManifest(
    repository: Repository,
    reference: ManifestReference,
    signal?: AbortSignal,
  ): Promise<FetchedManifest> {
    const path = manifestPath(repository, reference);
    const answer = await this.#http.request({
      method: 'GET',
      path,
      patience,
      headers: { accept: acceptManifests },
      signal,
    });
    // A login page or a proxy's notice comes with 200 as well.
    const type = essenceOf(answer.headers['content-type'] ?? '');
    const isManifest = isManifestType(type) || isIndexType(type);
    if (!isManifest && type !== '' && type !== 'application/json') {
      discard(answer);
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path}: the registry sent ${type}`);
    }
    const bytes = await readLimited(answer, largestManifest, path);
    const digest =
      reference.kind === 'digest'
        ? digestOf(digestAlgorithm(reference.digest), bytes)
        : sha256Of(bytes);
    if (reference.kind === 'digest' && digest !== reference.digest) {
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path}: the bytes have another digest`);
    }
    try {
      const manifest = parseManifest(bytes, isManifest ? type : undefined);
      return { digest, mediaType: manifest.mediaType, bytes, manifest };
    } catch (error) {
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Asks whether a registry is there and speaks the protocol (end-1). Throws UpstreamError. */
  async ping(): Promise<void> {
    discard(await this.#http.request({ method: 'GET', path: '/v2/', patience }));
  }

  /** Bytes of a blob (end-2). */
  async headBlob(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<number> {
    const path = blobPath(repository, digest);
    const answer = await this.#http.request({ method: 'HEAD', path, patience, signal });
    await answer.body.dump();
    const size = lengthOf(answer);
    if (size === undefined) {
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path}: the registry tells no length`);
    }
    return size;
  }

  /**
   * A blob's bytes from `offset` on (end-2). Registries that know no ranges send the whole: look at the answer's `offset`.
   */
  async getBlob(
    repository: Repository,
    digest: Digest,
    offset: number,
    signal?: AbortSignal,
  ): Promise<BlobBody> {
    const path = blobPath(repository, digest);
    const answer = await this.#http.request({
      method: 'GET',
      path,
      headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
      signal,
    });
    const bytes = bodyOf(answer, path, signal);
    if (answer.status === 200) return { offset: 0, size: lengthOf(answer), bytes };
    const range = parseContentRange(answer.headers['content-range']);
    if (range?.first !== offset || range.last !== range.total - 1) {
      discard(answer);
      throw new UpstreamError(
        'UPSTREAM_BAD_ANSWER',
        `${path}: the registry sent another range than bytes ${offset}-`,
      );
    }
    return { offset, size: range.total, bytes };
  }

  /** The `.torrent` of a blob, from Docket's own endpoint. May take minutes, when the blob was only just pushed. */
  async getTorrent(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<Buffer> {
    // Without the keys that other torrent clients need: announces of one URL go together, by the login.
    const path = `/v2/${repository}/_docket/torrents/${digest}?keys=false`;
    const request = { method: 'GET', path, patience: torrentPatience, signal } as const;
    const answer = await this.#http.request(request);
    return await readLimited(answer, largestMetainfo, path);
  }

  /** A page of a repository's tags (end-8); `query` is passed on, such as `n=50&last=v1`. */
  async getTags(repository: Repository, query: string, signal?: AbortSignal): Promise<TagsPage> {
    const path = `/v2/${repository}/tags/list${query === '' ? '' : `?${query}`}`;
    const answer = await this.#http.request({ method: 'GET', path, patience, signal });
    const bytes = await readLimited(answer, largestTagsList, path);
    let list: unknown;
    try {
      list = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path}: no JSON`, { cause: error });
    }
    const tags =
      typeof list === 'object' && list !== null && 'tags' in list ? list.tags : undefined;
    // Go programs write an empty list as null.
    if (tags === null) return { tags: [], next: undefined };
    if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string')) {
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path}: no list of tags`);
    }
    return { tags, next: nextPage(answer) };
  }

  /**
   * A page of what refers to a manifest (end-12); `query` is passed on, such as `artifactType=…`. A registry that has no such
   * lists says that there is nothing, as for a manifest that is not there.
   */
  async getReferrers(
    repository: Repository,
    digest: Digest,
    query: string,
    signal?: AbortSignal,
  ): Promise<ReferrersPage> {
    const path = `/v2/${repository}/referrers/${digest}${query === '' ? '' : `?${query}`}`;
    const answer = await this.#http.request({ method: 'GET', path, patience, signal });
    const type = essenceOf(answer.headers['content-type'] ?? '');
    if (type !== mediaTypes.ociIndex) {
      discard(answer);
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path}: the registry sent ${type}`);
    }
    const index = await readLimited(answer, largestReferrers, path);
    const filters = answer.headers['oci-filters-applied'];
    return { index, filters, next: nextPage(answer) };
  }

  /** Breaks off all requests. */
  async close(): Promise<void> {
    await this.#http.close();
  }
}

/** The query of the page that a `Link` leads to. */
function nextPage({ headers }: Answer): string | undefined {
  return /<[^>]*\?([^>]*)>\s*;\s*rel="?next"?/i.exec(headers['link'] ?? '')?.[1];
}

function blobPath(repository: Repository, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}

function manifestPath(repository: Repository, reference: ManifestReference): string {
  const name = reference.kind === 'tag' ? reference.tag : reference.digest;
  return `/v2/${repository}/manifests/${name}`;
}

function lengthOf(answer: Answer): number | undefined {
  const text = answer.headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function* bodyOf(
  answer: Answer,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* answer.body as AsyncIterable<Buffer>;
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachable(path, error);
  }
}
