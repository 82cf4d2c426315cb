import type { Log } from '../base/log.ts';
import { Unlimited } from '../base/rate-limiter.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRecord, Catalog, Problem } from '../storage/catalog.ts';
import { examine } from './examine.ts';
import type { KeyedLock } from './keyed-lock.ts';

/** What happens to blobs that were found to be wrong. */
export class Damage {
  readonly #store: BlobStore;
  readonly #catalog: Catalog;
  readonly #changes: KeyedLock;
  readonly #log: Log;
  readonly #found: (digest: Digest) => void;

  constructor(parts: {
    readonly store: BlobStore;
    readonly catalog: Catalog;
    /** Whoever replaces or removes the file of a digest has it meanwhile. */
    readonly changes: KeyedLock;
    readonly log: Log;
    /** Told of each blob that is wrong; must not throw. */
    readonly found: (digest: Digest) => void;
  }) {
    this.#store = parts.store;
    this.#catalog = parts.catalog;
    this.#changes = parts.changes;
    this.#log = parts.log;
    this.#found = parts.found;
  }

  /**
   * Looks once more at a blob that seemed to be wrong, while nobody can heal it, and condemns it when it is. Gives what is
   * wrong with it; undefined when nothing is, or nobody knows the blob any more.
   */
  async confirm(blob: BlobRecord, signal: AbortSignal): Promise<Problem | undefined> {
    return await this.#changes.run(blob.digest, async () => {
      const problem = await examine(this.#store, blob, new Unlimited(), signal);
      if (problem === undefined) {
        await this.#catalog.damage.remove(blob.digest);
        return undefined;
      }
      return (await this.condemn(blob.digest, problem)) ? problem : undefined;
    });
  }

  /**
   * From now on the blob is not there, for clients and for the swarm, until it is pushed again or healed. Wrong bytes are put
   * aside; what the disk does not give may come back, and stays. False when nobody knows the blob. The caller holds the lock.
   */
  async condemn(digest: Digest, problem: Problem): Promise<boolean> {
    // First of all: after a crash the bytes are missing, which anybody sees.
    if (problem === 'damaged') await this.#store.quarantine(digest);
    if (!(await this.#catalog.damage.add(digest, problem))) return false;
    this.#log.error(
      { digest, problem },
      'a blob is not right; it is put aside until it is pushed again',
    );
    this.#found(digest);
    return true;
  }
}
