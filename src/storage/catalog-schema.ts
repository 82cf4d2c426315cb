import type { Generated, Kysely, Transaction } from 'kysely';
import { batches } from '../base/batches.ts';
import type { Digest, DigestAlgorithm } from '../oci/digest.ts';
import type { Repository, Tag } from '../oci/reference.ts';
import type { InfoHash } from '../torrent/ids.ts';
import type { Problem } from './catalog.ts';
import type { ChangeListener } from './outbox.ts';

/** The catalog's tables. Times are milliseconds since 1970. */
export interface CatalogSchema {
  readonly repositories: { readonly name: Repository; readonly created_at: number };
  readonly blobs: { readonly digest: Digest; readonly size: number; readonly created_at: number };
  readonly repository_blobs: {
    readonly repository: Repository;
    readonly digest: Digest;
    readonly linked_at: number;
    /** When it was last pushed, mounted, asked for by a client that pushes, or let go by a manifest. */
    readonly touched_at: number;
  };
  readonly manifests: {
    readonly repository: Repository;
    readonly digest: Digest;
    readonly media_type: string;
    readonly bytes: Uint8Array;
    readonly subject: Digest | null;
    readonly image_size: number;
    readonly pushed_at: number;
    /** When it was last pushed, asked for, or let go by a tag or a manifest. */
    readonly touched_at: number;
  };
  /** What manifests of a repository point to there: blobs, and manifests of an index. It keeps these alive. */
  readonly manifest_references: {
    readonly repository: Repository;
    readonly target: Digest;
    readonly manifest: Digest;
  };
  readonly tags: {
    readonly repository: Repository;
    readonly name: Tag;
    readonly digest: Digest;
    readonly pushed_at: number;
  };
  readonly torrents: {
    readonly digest: Digest;
    readonly info_hash: InfoHash;
    readonly metainfo: Uint8Array;
  };
  readonly damaged_blobs: {
    readonly digest: Digest;
    readonly problem: Problem;
    readonly found_at: number;
  };
  readonly uploads: {
    readonly id: string;
    readonly repository: Repository;
    readonly algorithm: DigestAlgorithm;
    readonly owner: string;
    readonly started_at: number;
  };
  readonly robots: {
    readonly id: string;
    readonly name: string;
    readonly hash: string;
    readonly grants: string;
    readonly created_by: string;
    readonly created_at: number;
    readonly expires_at: number | null;
    readonly revoked_at: number | null;
    readonly used_at: number | null;
  };
  readonly outbox: {
    readonly number: Generated<number>;
    readonly target: string;
    readonly id: string;
    readonly body: string;
    readonly written_at: number;
  };
}

export type CatalogDatabase = Kysely<CatalogSchema>;
export type CatalogTransaction = Transaction<CatalogSchema>;

/** What every part of the SQL catalog works with. */
export interface CatalogContext {
  readonly database: CatalogDatabase;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  /** Whoever wants to tell others of changes. */
  readonly changes?: ChangeListener | undefined;
}

/** How many digests are named in one query: far below the number of parameters that a database takes. */
const digestsPerQuery = 500;

/** `digests` in parts that one query can name. */
export function batchesOf(digests: readonly Digest[]): Iterable<readonly Digest[]> {
  return batches(digests, digestsPerQuery);
}
