import { codeOf, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { digestAlgorithm, type Digest, type DigestAlgorithm } from '../oci/digest.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Repository } from '../oci/reference.ts';
import type { BlobStore, BlobUpload, UploadEntry } from '../storage/blob-store.ts';
import type { Catalog } from '../storage/catalog.ts';
import type { Blobs } from './blobs.ts';
import { UploadSession, type UploadBody, type UploadRange } from './upload-session.ts';
import { UploadSessions } from './upload-sessions.ts';

export interface UploadLimits {
  /** The most bytes of a blob. */
  readonly blobBytes: number;
  /** The most uploads under way. */
  readonly sessions: number;
  /** The most of them that one client has. */
  readonly sessionsPerClient: number;
  /** Milliseconds after the last bytes until an upload is given up. */
  readonly abandonedAfter: number;
}

export const defaultUploadLimits: UploadLimits = {
  blobBytes: 2 ** 40,
  sessions: 10_000,
  // Behind a proxy many clients are one.
  sessionsPerClient: 2000,
  abandonedAfter: 24 * 3600_000,
};

/** An upload as its client sees it. */
export interface UploadStatus {
  readonly id: string;
  /** Bytes that are durable. */
  readonly size: number;
}

/** An upload that got no bytes for long. */
export interface AbandonedUpload extends UploadEntry {
  /** Bytes. */
  readonly size: number;
}

/** Blobs being pushed, in one piece or many (distribution-spec end-4, end-5, end-6, end-13, end-14). */
export class Uploads {
  readonly #store: BlobStore;
  readonly #catalog: Catalog;
  readonly #blobs: Blobs;
  readonly #log: Log;
  readonly #limits: UploadLimits;
  /** The uploads that this process has touched; others wait in the store and the catalog. */
  readonly #sessions = new UploadSessions();

  constructor(parts: {
    readonly store: BlobStore;
    readonly catalog: Catalog;
    readonly blobs: Blobs;
    readonly log: Log;
    readonly limits?: UploadLimits;
  }) {
    this.#store = parts.store;
    this.#catalog = parts.catalog;
    this.#blobs = parts.blobs;
    this.#log = parts.log;
    this.#limits = parts.limits ?? defaultUploadLimits;
  }

  /** Uploads that clients of this process have begun, or gone on with, and not ended. */
  get underWay(): number {
    return this.#sessions.size;
  }

  /**
   * Begins an upload of `client`, which is `owner`'s; `algorithm` is the one that its digest is expected to have. Where a limit is reached, the
   * upload gives way that was quiet the longest of whoever has too many. Throws OciError TOOMANYREQUESTS when there is none.
   */
  async start(
    repository: Repository,
    algorithm: DigestAlgorithm = 'sha256',
    client = '',
    owner = '',
  ): Promise<UploadStatus> {
    await this.#makeRoom(client);
    const upload = await this.#store.createUpload();
    const session = this.#session({ repository, upload, algorithm, client, owner });
    this.#sessions.add(session);
    try {
      await this.#catalog.uploads.add({ id: upload.id, repository, algorithm, owner });
    } catch (error) {
      await this.#forget(session);
      throw error;
    }
    return statusOf(session);
  }

  /** Throws OciError BLOB_UPLOAD_UNKNOWN unless `owner` began the upload: an id that leaked is of no use to others. */
  async expectOwner(repository: Repository, id: string, owner: string): Promise<void> {
    const session = await this.#find(repository, id);
    if (session.owner !== owner) throw unknownUpload();
  }

  /** Throws OciError BLOB_UPLOAD_UNKNOWN. */
  async status(repository: Repository, id: string): Promise<UploadStatus> {
    return statusOf(await this.#find(repository, id));
  }

  /**
   * Appends a body; `range` says where it belongs, by default at the end. What is answered is durable. Throws OciError
   * BLOB_UPLOAD_UNKNOWN, RANGE_INVALID or SIZE_INVALID, or what the body throws; the upload goes on from its durable
   * bytes then. Only StorageError STORAGE_FULL ends it.
   */
  async append(
    repository: Repository,
    id: string,
    body: UploadBody,
    range?: UploadRange,
  ): Promise<UploadStatus> {
    const session = await this.#find(repository, id);
    return await session.exclusively(async () => {
      this.#expectOpen(session);
      await this.#receive(session, body, range);
      return statusOf(session);
    });
  }

  /**
   * Appends the last bytes, if there are any, and makes the upload a blob of the repository. A wrong digest ends the upload;
   * so may a disk that fails, otherwise it can be finished again. Throws as `append` does, OciError DIGEST_INVALID and
   * StorageError.
   */
  async finish(
    repository: Repository,
    id: string,
    digest: Digest,
    body?: UploadBody,
    range?: UploadRange,
  ): Promise<void> {
    const session = await this.#find(repository, id);
    await session.exclusively(async () => {
      this.#expectOpen(session);
      if (body !== undefined) await this.#receive(session, body, range);
      try {
        await session.verify(digest, digestAlgorithm(digest));
      } catch (error) {
        if (error instanceof OciError) await this.#forget(session);
        throw error;
      }
      try {
        await this.#blobs.adopt(repository, session.upload, digest);
      } catch (error) {
        if (codeOf(error) === 'STORAGE_FULL' || !(await this.#isKept(id))) {
          await this.#forget(session);
        }
        throw error;
      }
      await this.#forget(session);
    });
  }

  /** Ends an upload without a blob. Throws OciError BLOB_UPLOAD_UNKNOWN. */
  async cancel(repository: Repository, id: string): Promise<void> {
    const session = await this.#find(repository, id);
    await session.exclusively(async () => {
      this.#expectOpen(session);
      await this.#forget(session);
    });
  }

  /**
   * Gives up the uploads that got no bytes for long, and gives them. `now` is in milliseconds since 1970; a dry run only
   * looks.
   */
  async sweep(
    now: number,
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<readonly AbandonedUpload[]> {
    const alive = new Set<string>();
    const abandoned: AbandonedUpload[] = [];
    for await (const { id, changedAt } of this.#store.uploads()) {
      alive.add(id);
      if (now - changedAt < this.#limits.abandonedAfter) continue;
      const upload = await this.#store.openUpload(id);
      if (upload === undefined || (!dryRun && !(await this.#giveUp(upload)))) continue;
      abandoned.push({ id, size: upload.size, changedAt });
    }
    if (dryRun) return abandoned;
    await this.#store.tidy();
    for (const { id } of await this.#catalog.uploads.list()) {
      if (!alive.has(id) && this.#sessions.get(id) === undefined)
        await this.#catalog.uploads.remove(id);
    }
    return abandoned;
  }

  /** A flood of begun uploads takes the place of its own sender first, and never that of somebody with fewer. */
  async #makeRoom(client: string): Promise<void> {
    const { sessions, sessionsPerClient } = this.#limits;
    const isFull = this.#sessions.size >= sessions;
    if (!isFull && this.#sessions.countOf(client) < sessionsPerClient) return;
    const quiet = this.#sessions.quietest(isFull ? this.#sessions.greediest() : client);
    if (quiet !== undefined && (await this.#giveUp(quiet.upload))) return;
    throw new OciError('TOOMANYREQUESTS', `${this.#sessions.size} uploads are under way`);
  }

  /** Ends an upload that nobody goes on with; false when somebody just does. */
  async #giveUp(upload: BlobUpload): Promise<boolean> {
    const { id } = upload;
    const session = this.#sessions.get(id);
    if (session === undefined) await upload.discard();
    else if (session.isReceiving) return false;
    else {
      const isOver = await session.exclusively(async () => {
        if (!this.#sessions.has(session)) return false;
        await this.#forget(session);
        return true;
      });
      if (!isOver) return false;
    }
    await this.#catalog.uploads.remove(id);
    this.#log.info({ upload: id }, 'gave up an abandoned upload');
    return true;
  }

  /** On a full disk, the bytes of an upload that cannot go on would only keep others from being stored. */
  async #receive(
    session: UploadSession,
    body: UploadBody,
    range: UploadRange | undefined,
  ): Promise<void> {
    try {
      await session.append(body, range);
    } catch (error) {
      if (codeOf(error) === 'STORAGE_FULL') await this.#forget(session);
      throw error;
    }
  }

  /** Whether what was received is still there, though it could not be made a blob. */
  async #isKept(id: string): Promise<boolean> {
    return await this.#store.openUpload(id).then(
      (upload) => upload !== undefined,
      () => true,
    );
  }

  async #find(repository: Repository, id: string): Promise<UploadSession> {
    const session = this.#sessions.get(id) ?? (await this.#reopen(id));
    if (session === undefined || session.repository !== repository) throw unknownUpload();
    this.#sessions.touch(session);
    return session;
  }

  /** An upload that an earlier process began. */
  async #reopen(id: string): Promise<UploadSession | undefined> {
    // The catalog first: anybody may ask for any id, and to ask a store may take longer.
    const record = await this.#catalog.uploads.find(id);
    if (record === undefined) return undefined;
    const upload = await this.#store.openUpload(id);
    if (upload === undefined) return undefined;
    // Two requests may come here at once: both must get the same session.
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const session = this.#session({ ...record, upload, client: '' });
    this.#sessions.add(session);
    return session;
  }

  #session(parts: Omit<ConstructorParameters<typeof UploadSession>[0], 'largest'>): UploadSession {
    return new UploadSession({ ...parts, largest: this.#limits.blobBytes });
  }

  /** The request that waited for its turn may find that the one before it ended the upload. */
  #expectOpen(session: UploadSession): void {
    if (!this.#sessions.has(session)) throw unknownUpload();
  }

  async #forget(session: UploadSession): Promise<void> {
    const { id } = session.upload;
    this.#sessions.delete(session);
    try {
      await session.upload.discard();
      await this.#catalog.uploads.remove(id);
    } catch (error) {
      this.#log.warn({ upload: id, error: messageOf(error) }, 'left the rests of an upload behind');
    }
  }
}

function statusOf(session: UploadSession): UploadStatus {
  return { id: session.upload.id, size: session.upload.size };
}

function unknownUpload(): OciError {
  return new OciError('BLOB_UPLOAD_UNKNOWN', 'this repository has no such upload under way');
}
