import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import {
  blobsOf,
  manifestsOf,
  parseManifest,
  type Descriptor,
  type Manifest,
} from '../oci/manifest.ts';
import { isNonDistributable } from '../oci/media-type.ts';
import { OciError } from '../oci/oci-error.ts';
import type { ManifestReference, Repository, Tag } from '../oci/reference.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Catalog, ManifestNeeds, ManifestRecord } from '../storage/catalog.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Uses } from './uses.ts';

/** The most bytes of a manifest: what clients and the conformance suite expect a registry to take. */
export const largestManifest = 4 * 1024 * 1024;

/** A manifest as its client pushes it. */
export interface ManifestPush {
  readonly reference: ManifestReference;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  /** Tags to set beside the reference (distribution-spec end-7b). */
  readonly tags: readonly Tag[];
}

/** Manifests, kept byte for byte (distribution-spec end-3, end-7, end-9). */
export class Manifests {
  readonly #store: BlobStore;
  readonly #catalog: Catalog;
  /** Take manifests although what they name is lacking: a copy of some platforms of an index, for example. */
  readonly #sparse: boolean;
  readonly #uses: Uses;

  constructor(parts: {
    readonly store: BlobStore;
    readonly catalog: Catalog;
    readonly sparse?: boolean;
    readonly uses: Uses;
  }) {
    this.#store = parts.store;
    this.#catalog = parts.catalog;
    this.#sparse = parts.sparse ?? false;
    this.#uses = parts.uses;
  }

  /**
   * Whoever asks may count on the manifest from now on. Throws OciError MANIFEST_UNKNOWN, and StorageError STORAGE_CORRUPT when
   * its bytes are not right any more.
   */
  async get(repository: Repository, reference: ManifestReference): Promise<ManifestRecord> {
    const record = await this.#catalog.manifests.find(repository, reference);
    if (record === undefined) throw unknown(repository, reference);
    if (digestOf(digestAlgorithm(record.digest), record.bytes) !== record.digest) {
      throw new StorageError('STORAGE_CORRUPT', `the manifest ${record.digest} is damaged`);
    }
    if (record.touchedAt < this.#uses.staleBefore()) {
      const { digest } = record;
      const isThere = await this.#uses.note(() =>
        this.#catalog.manifests.touch(repository, digest),
      );
      if (isThere === false) throw unknown(repository, reference);
    }
    return record;
  }

  /**
   * Stores a manifest whose blobs and manifests are all there. Only its subject and layers that must not be distributed
   * may be lacking, or anything where sparse manifests are taken. Throws OciError SIZE_INVALID, DIGEST_INVALID, MANIFEST_INVALID or MANIFEST_BLOB_UNKNOWN.
   */
  async put(repository: Repository, push: ManifestPush): Promise<ManifestRecord> {
    const { reference, bytes } = push;
    if (bytes.length > largestManifest) {
      throw new OciError('SIZE_INVALID', `a manifest may have at most ${largestManifest} bytes`);
    }
    const digest = digestOf(
      reference.kind === 'digest' ? digestAlgorithm(reference.digest) : 'sha256',
      bytes,
    );
    if (reference.kind === 'digest' && reference.digest !== digest) {
      throw new OciError('DIGEST_INVALID', `the manifest has the digest ${digest}`, {
        detail: { actual: digest, expected: reference.digest },
      });
    }
    const manifest = parseManifest(bytes, push.contentType);
    await this.#expectSameType(repository, digest, manifest.mediaType);

    const blobs = blobsOf(manifest).filter(({ mediaType }) => !isNonDistributable(mediaType));
    await this.#expectBlobs(repository, blobs);
    const record: ManifestRecord = {
      digest,
      mediaType: manifest.mediaType,
      bytes,
      subject: manifest.subject?.digest,
      imageSize: await this.#imageSize(repository, manifest),
    };
    const tags = reference.kind === 'tag' ? [reference.tag, ...push.tags] : push.tags;
    const all = [...blobsOf(manifest), ...manifestsOf(manifest)].map((one) => one.digest);
    const needs: ManifestNeeds = {
      blobs: this.#sparse ? [] : blobs.map((blob) => blob.digest),
      manifests: this.#sparse ? [] : manifestsOf(manifest).map((child) => child.digest),
      others: all,
    };
    const lacking = await this.#catalog.manifests.put(
      repository,
      record,
      [...new Set(tags)],
      needs,
    );
    if (lacking.length > 0) throw lackingError(lacking);
    return record;
  }

  /** Removes a tag alone, or a manifest with all its tags. Throws OciError MANIFEST_UNKNOWN. */
  async remove(repository: Repository, reference: ManifestReference): Promise<void> {
    const removed =
      reference.kind === 'tag'
        ? await this.#catalog.manifests.removeTag(repository, reference.tag)
        : await this.#catalog.manifests.remove(repository, reference.digest);
    if (!removed) throw unknown(repository, reference);
  }

  /** The same bytes are never served under two types (CVE-2021-41190). */
  async #expectSameType(repository: Repository, digest: Digest, mediaType: string): Promise<void> {
    const stored = await this.#catalog.manifests.find(repository, { kind: 'digest', digest });
    if (stored === undefined || stored.mediaType === mediaType) return;
    throw new OciError('MANIFEST_INVALID', `these bytes are stored as ${stored.mediaType} already`);
  }

  /** A blob counts when it is linked, its file is whole, and it is as long as the manifest says. */
  async #expectBlobs(repository: Repository, blobs: readonly Descriptor[]): Promise<void> {
    const sizes = await this.#catalog.blobs.sizes(
      repository,
      blobs.map((blob) => blob.digest),
    );
    // A manifest may name one blob as often as it has room for.
    const lacking = new Set<Digest>();
    for (const digest of new Set(blobs.map((blob) => blob.digest))) {
      const actual = sizes.get(digest);
      if (actual === undefined || (await this.#store.size(digest)) !== actual) lacking.add(digest);
    }
    for (const { digest, size } of blobs) {
      const actual = sizes.get(digest);
      if (actual !== undefined && !lacking.has(digest) && actual !== size) {
        throw new OciError('MANIFEST_INVALID', `${digest} has ${actual} bytes, not ${size}`, {
          detail: { digest, actual, expected: size },
        });
      }
    }
    if (lacking.size > 0 && !this.#sparse) throw lackingError([...lacking]);
  }

  async #imageSize(repository: Repository, manifest: Manifest): Promise<number> {
    const children = await this.#catalog.manifests.imageSizes(
      repository,
      manifestsOf(manifest).map(({ digest }) => digest),
    );
    let total = 0;
    for (const { size } of blobsOf(manifest)) total += size;
    for (const size of children.values()) total += size;
    // Layers that are not here, and indexes of indexes, can name any sum: the catalog keeps no larger one.
    return Math.min(total, Number.MAX_SAFE_INTEGER);
  }
}

function unknown(repository: Repository, reference: ManifestReference): OciError {
  const name = reference.kind === 'tag' ? reference.tag : reference.digest;
  return new OciError('MANIFEST_UNKNOWN', `${repository} has no manifest ${name}`, {
    detail: { reference: name },
  });
}

function lackingError(digests: readonly Digest[]): OciError {
  return new OciError(
    'MANIFEST_BLOB_UNKNOWN',
    `the repository lacks what the manifest points to: ${digests.slice(0, 5).join(', ')}`,
    { detail: { digests: digests.slice(0, 100) } },
  );
}
