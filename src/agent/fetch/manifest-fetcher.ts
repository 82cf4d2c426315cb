import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Digest } from '../../oci/digest.ts';
import { blobsOf, manifestsOf, type Descriptor } from '../../oci/manifest.ts';
import { isNonDistributable } from '../../oci/media-type.ts';
import type { ManifestReference, Repository, Tag } from '../../oci/reference.ts';
import type { ContentCache } from '../cache/content-cache.ts';
import type { CachedManifest } from '../cache/manifest-files.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { isNotFound, UpstreamError } from '../upstream/upstream-error.ts';
import type { BlobFetcher } from './blob-fetcher.ts';

/** What a manifest fetcher works with. */
export interface ManifestFetcherParts {
  readonly upstream: Upstream;
  readonly cache: ContentCache;
  readonly blobs: BlobFetcher;
  readonly log: Log;
}

/** A registry that answered so many milliseconds ago counts as there. */
const freshAnswer = 30_000;
const mostSizes = 100_000;
/** An index lists few manifests; nothing needs an index of indexes deeper than this. */
const deepestIndex = 3;

/**
 * Manifests from the registry, or from the cache when the registry is away. Clients take all blobs from where they got
 * the manifest (podman, CRI-O), so a manifest is only given when its blobs can be had, too.
 */
export class ManifestFetcher {
  readonly #parts: ManifestFetcherParts;
  readonly #pending = new Map<string, Promise<CachedManifest>>();
  /** Of blobs, by the manifests that were asked for lately. */
  readonly #sizes = new Map<Digest, number>();

  constructor(parts: ManifestFetcherParts) {
    this.#parts = parts;
  }

  /**
   * A manifest. A tag is looked up at the registry each time, but the manifest comes from there only once. Throws
   * UpstreamError when it cannot be had.
   */
  async get(
    repository: Repository,
    reference: ManifestReference,
    signal?: AbortSignal,
  ): Promise<CachedManifest> {
    const found =
      reference.kind === 'tag'
        ? await this.#byTag(repository, reference.tag, signal)
        : await this.#byDigest(repository, reference.digest, signal);
    this.#noteSizes(blobsOf(found.manifest));
    return found;
  }

  /** Bytes of a blob of a manifest that was given lately. */
  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  async #byTag(
    repository: Repository,
    tag: Tag,
    signal: AbortSignal | undefined,
  ): Promise<CachedManifest> {
    const { cache, upstream, log } = this.#parts;
    const reference = { kind: 'tag', tag } as const;
    try {
      const digest = await upstream.headManifest(repository, reference, signal);
      const found =
        digest === undefined
          ? await this.#fetch(repository, reference)
          : await this.#current(repository, tag, digest);
      await cache.tags.put(repository, tag, found.digest);
      return found;
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.code === 'UPSTREAM_REFUSED') throw error;
      if (isNotFound(error)) {
        await cache.tags.drop(repository, tag);
        throw error;
      }
      const known = await cache.tags.find(repository, tag);
      const kept = known === undefined ? undefined : await cache.manifests.find(known);
      if (kept === undefined || !(await this.#isWhole(kept))) throw error;
      log.warn(
        { repository, tag, error: messageOf(error) },
        'the registry is away: serving the tag as last known',
      );
      return kept;
    }
  }

  /** The manifest that the registry has just named. */
  async #current(repository: Repository, tag: Tag, digest: Digest): Promise<CachedManifest> {
    const kept = await this.#parts.cache.manifests.find(digest);
    if (kept !== undefined) return kept;
    return await this.#fetch(repository, { kind: 'digest', digest }).catch((error: unknown) => {
      // The tag may have moved, and the old manifest gone, in between.
      if (isNotFound(error)) return this.#fetch(repository, { kind: 'tag', tag });
      throw error;
    });
  }

  async #byDigest(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<CachedManifest> {
    const { cache, upstream } = this.#parts;
    const reference = { kind: 'digest', digest } as const;
    const kept = await cache.manifests.find(digest);
    if (kept === undefined) return await this.#fetch(repository, reference);
    if (!(await this.#isWhole(kept)) && !upstream.answeredWithin(freshAnswer)) {
      await upstream.headManifest(repository, reference, signal);
    }
    return kept;
  }

  /** From the registry into the cache; one request, however many ask. Goes on when who asked goes away. */
  #fetch(repository: Repository, reference: ManifestReference): Promise<CachedManifest> {
    const { cache, upstream } = this.#parts;
    const key = `${repository} ${reference.kind === 'tag' ? reference.tag : reference.digest}`;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const fetching = upstream
      .getManifest(repository, reference)
      .then(async (fetched) => {
        await cache.manifests.put(fetched.digest, fetched.mediaType, fetched.bytes);
        return fetched;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, fetching);
    return fetching;
  }

  /** True when all blobs are in the cache, or on their way; of an index, those of one of its manifests at least. */
  async #isWhole(kept: CachedManifest, depth = 0): Promise<boolean> {
    const { cache, blobs } = this.#parts;
    for (const blob of blobsOf(kept.manifest)) {
      if (!mayLack(blob) && !(await blobs.hasOrFetches(blob.digest))) return false;
    }
    const children = manifestsOf(kept.manifest);
    if (children.length === 0) return true;
    if (depth === deepestIndex) return false;
    for (const { digest } of children) {
      const child = await cache.manifests.find(digest);
      if (child !== undefined && (await this.#isWhole(child, depth + 1))) return true;
    }
    return false;
  }

  #noteSizes(blobs: readonly Descriptor[]): void {
    for (const { digest, size } of blobs) {
      this.#sizes.delete(digest);
      this.#sizes.set(digest, size);
    }
    for (const digest of this.#sizes.keys()) {
      if (this.#sizes.size <= mostSizes) break;
      this.#sizes.delete(digest);
    }
  }
}

/** Layers that clients fetch from elsewhere. */
function mayLack(blob: Descriptor): boolean {
  return blob.urls !== undefined || isNonDistributable(blob.mediaType);
}
