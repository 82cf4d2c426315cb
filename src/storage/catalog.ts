import type { Digest, DigestAlgorithm } from '../oci/digest.ts';
import type { ManifestReference, Repository, Tag } from '../oci/reference.ts';
import type { InfoHash } from '../torrent/ids.ts';
import type { OutboxTable } from './outbox.ts';
import type { RobotTable } from './robots.ts';

/** A part of a sorted list: what comes after `after`, at most `limit` entries. */
export interface Page {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface BlobRecord {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** A manifest as it was pushed. */
export interface ManifestRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  /** The body, byte for byte. */
  readonly bytes: Uint8Array;
  /** The manifest that this one is about. */
  readonly subject: Digest | undefined;
  /** Bytes of config and layers; of an index, those of its manifests, each once. At most 2^53 - 1. */
  readonly imageSize: number;
}

/** A manifest that is kept. */
export interface StoredManifest extends ManifestRecord {
  /** When it was last pushed, touched, or let go by a tag or a manifest, in milliseconds since 1970. */
  readonly touchedAt: number;
}

/** What a manifest points to in its repository, and must find there. As long as the manifest is there, so are they. */
export interface ManifestNeeds {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
  /** What it points to, be it there or not. */
  readonly others?: readonly Digest[];
}

/** A tag, with what it points to. */
export interface ImageRecord {
  readonly repository: Repository;
  readonly tag: Tag;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly imageSize: number;
  /** When the tag was last pushed, in milliseconds since 1970. */
  readonly pushedAt: number;
}

/** A part of the list of all tags: what comes after `after`, at most `limit` entries. */
export interface ImagePage {
  readonly after?: { readonly repository: string; readonly tag: string } | undefined;
  readonly limit?: number | undefined;
}

/** Which blob has which info hash. */
export interface TorrentEntry {
  readonly digest: Digest;
  readonly infoHash: InfoHash;
}

export interface TorrentRecord extends TorrentEntry {
  /** The `.torrent`, without trackers and web seeds. */
  readonly metainfo: Uint8Array;
}

export interface UploadRecord {
  readonly id: string;
  readonly repository: Repository;
  /** The algorithm that the upload is hashed with on the way. */
  readonly algorithm: DigestAlgorithm;
  /** Who began it, and alone may go on with it. */
  readonly owner: string;
}

export interface RepositoryTable {
  exists(repository: Repository): Promise<boolean>;
  /** Repositories that hold a manifest, in byte-wise order. */
  list(page: Page): Promise<readonly Repository[]>;
}

/** A blob is known when a repository links it, and is read only through one that does. */
export interface BlobTable {
  link(repository: Repository, blob: BlobRecord): Promise<void>;
  find(repository: Repository, digest: Digest): Promise<BlobRecord | undefined>;
  /** The sizes of those of `digests` that the repository links. */
  sizes(repository: Repository, digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>>;
  /** The blob, whoever links it. */
  findAnywhere(digest: Digest): Promise<BlobRecord | undefined>;
  /** Repositories that link the blob, in byte-wise order, at most `limit`. */
  holders(digest: Digest, limit: number): Promise<readonly Repository[]>;
  /** All known blobs, in the order of their digests. */
  list(page: {
    readonly after?: Digest | undefined;
    readonly limit: number;
  }): Promise<readonly BlobRecord[]>;
  /** How many blobs are known, and their bytes. */
  totals(): Promise<{ readonly count: number; readonly bytes: number }>;
  /** Takes a repository's link away; with the last one the blob and its torrent are forgotten: `orphaned`. */
  unlink(repository: Repository, digest: Digest): Promise<'absent' | 'unlinked' | 'orphaned'>;
  /** Notes that somebody counts on a repository's blob now, unless that was noted at `since` or later (milliseconds since 1970). */
  touch(repository: Repository, digest: Digest, since: number): Promise<void>;
}

export interface ManifestTable {
  /**
   * Stores a manifest and points `tags` to it, all or nothing. Returns what it needs and its repository lacks: then
   * nothing was stored.
   */
  put(
    repository: Repository,
    manifest: ManifestRecord,
    tags: readonly Tag[],
    needs: ManifestNeeds,
  ): Promise<readonly Digest[]>;
  find(repository: Repository, reference: ManifestReference): Promise<StoredManifest | undefined>;
  /** Those of `digests` that the repository holds, in the order of their digests. */
  findAll(repository: Repository, digests: readonly Digest[]): Promise<readonly StoredManifest[]>;
  /** Notes that somebody counts on a manifest now; false when it is not there. */
  touch(repository: Repository, digest: Digest): Promise<boolean>;
  /** The image sizes of those of `digests` that the repository holds. */
  imageSizes(
    repository: Repository,
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, number>>;
  /** Removes a manifest and every tag on it; false when it was not there. */
  remove(repository: Repository, digest: Digest): Promise<boolean>;
  /** Removes a tag alone; false when it was not there. */
  removeTag(repository: Repository, tag: Tag): Promise<boolean>;
  /** Tags in byte-wise order. */
  tags(repository: Repository, page: Page): Promise<readonly Tag[]>;
  /** The digests of a repository's manifests whose subject is `subject`, in byte-wise order. */
  referrers(repository: Repository, subject: Digest, page: Page): Promise<readonly Digest[]>;
  /** The tags of all repositories, sorted by repository and tag. */
  images(page: ImagePage): Promise<readonly ImageRecord[]>;
}

export interface TorrentTable {
  /** Keeps the torrent of a known blob; false when the blob is not known any more. */
  put(torrent: TorrentRecord): Promise<boolean>;
  find(digest: Digest): Promise<TorrentRecord | undefined>;
  findByInfoHash(infoHash: InfoHash): Promise<TorrentRecord | undefined>;
  /** True when a torrent has this info hash. Cheap: it is asked at every announce. */
  knows(infoHash: InfoHash): Promise<boolean>;
  /** All torrents, in the order of their digests. */
  list(): Promise<readonly TorrentEntry[]>;
  /** Known blobs of at least one byte that have no torrent yet. */
  missing(): Promise<readonly BlobRecord[]>;
}

/**
 * What can be wrong with a blob: `damaged`: its bytes are not those of its digest; `missing`: they are not there;
 * `unreadable`: the disk does not give them.
 */
export type Problem = 'damaged' | 'missing' | 'unreadable';

export interface DamageRecord extends BlobRecord {
  readonly problem: Problem;
  /** When it was first found, in milliseconds since 1970. */
  readonly foundAt: number;
}

/** Known blobs that were found to be wrong. An entry goes when the blob is linked anew, or forgotten. */
export interface DamageTable {
  /** False when the blob is not known any more. */
  add(digest: Digest, problem: Problem): Promise<boolean>;
  remove(digest: Digest): Promise<void>;
  /** In the order of the digests. */
  list(): Promise<readonly DamageRecord[]>;
}

/** Uploads under way, so that they go on after a restart. */
export interface UploadTable {
  add(upload: UploadRecord): Promise<void>;
  find(id: string): Promise<UploadRecord | undefined>;
  remove(id: string): Promise<void>;
  list(): Promise<readonly UploadRecord[]>;
}

/** A tag, as the garbage collection sees it. */
export interface TagEntry {
  readonly name: Tag;
  readonly digest: Digest;
  readonly pushedAt: number;
}

/** A manifest, as the garbage collection sees it. */
export interface ManifestEntry {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
  readonly touchedAt: number;
  /** Bytes of the manifest itself. */
  readonly size: number;
  /** The indexes of its repository that point to it. */
  readonly parents: readonly Digest[];
}

/** A repository's blob, as the garbage collection sees it. */
export interface LinkEntry extends BlobRecord {
  readonly touchedAt: number;
  /** True when a manifest of the repository points to it. */
  readonly isReferenced: boolean;
}

/** What became of a blob that was to be unlinked: `kept` when somebody counts on it by now. */
export type Unlinked = 'kept' | 'unlinked' | 'orphaned';

/**
 * What the garbage collection reads and removes. Nothing is removed that was touched at `before` (milliseconds since 1970)
 * or later, or is pointed to: that is looked at in the moment of removing.
 */
export interface GarbageTable {
  /** Every repository that is known, also without manifests, in byte-wise order. */
  repositories(page: Page): Promise<readonly Repository[]>;
  /** In byte-wise order. */
  tags(repository: Repository, page: Page): Promise<readonly TagEntry[]>;
  /** In the order of their digests. */
  manifests(repository: Repository, page: Page): Promise<readonly ManifestEntry[]>;
  /** In the order of their digests. */
  links(repository: Repository, page: Page): Promise<readonly LinkEntry[]>;
  /** The manifests of a repository that point to `target`, in the order of their digests. */
  pointersTo(repository: Repository, target: Digest, page: Page): Promise<readonly Digest[]>;
  /** What these manifests of a repository point to. */
  targetsOf(repository: Repository, manifests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** How many repositories link each of `digests` that any links. */
  linkCounts(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>>;
  /** Removes those tags that are still as they were seen; gives them. */
  removeTags<T extends TagEntry>(repository: Repository, tags: readonly T[]): Promise<readonly T[]>;
  /**
   * Removes those of `digests`, in this order, that have no tag, that no index points to, and whose subject is not there;
   * gives those that were removed.
   */
  removeManifests(
    repository: Repository,
    digests: readonly Digest[],
    before: number,
  ): Promise<readonly Digest[]>;
  /** Unlinks those of `digests` that no manifest points to; with the last link blob and torrent are forgotten. */
  unlink(
    repository: Repository,
    digests: readonly Digest[],
    before: number,
  ): Promise<ReadonlyMap<Digest, Unlinked>>;
  /** Forgets a repository that holds nothing and was made before; false when it stays. */
  removeRepository(repository: Repository, before: number): Promise<boolean>;
  /** True when the repository holds neither manifests nor blobs and was made before. */
  isEmpty(repository: Repository, before: number): Promise<boolean>;
  /** Those of `digests` that a repository links. */
  linked(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  /** When this catalog was made, in milliseconds since 1970. */
  since(): Promise<number>;
}

/** How much the catalog knows. */
export interface CatalogFigures {
  readonly repositories: number;
  readonly manifests: number;
  readonly tags: number;
  readonly blobs: number;
  /** Of all blobs, each once. */
  readonly blobBytes: number;
  /** Blobs that were found damaged or missing, and not got back yet. */
  readonly damagedBlobs: number;
}

/**
 * What a registry knows about its blobs. What a call answered is durable, and visible to the next call. Every
 * implementation passes `catalogSuite`.
 */
export interface Catalog extends AsyncDisposable {
  readonly repositories: RepositoryTable;
  readonly blobs: BlobTable;
  readonly manifests: ManifestTable;
  readonly torrents: TorrentTable;
  readonly damage: DamageTable;
  readonly uploads: UploadTable;
  readonly garbage: GarbageTable;
  readonly outbox: OutboxTable;
  readonly robots: RobotTable;
  /** Counts everything: not for every request. */
  figures(): Promise<CatalogFigures>;
  close(): Promise<void>;
}
