import type { Caller } from '../../auth/caller.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { Registry } from '../../registry/registry.ts';
import type { InfoHash } from '../../torrent/ids.ts';

/** A blob of all images may be in so many repositories. */
const mostHolders = 10_000;
/** Blobs whose repositories are remembered, and for how many milliseconds: peers announce one many times. */
const mostKept = 10_000;
const keptFor = 10_000;

/** Who may pull the blob of a torrent: whoever may pull one of the repositories that hold it. */
export class BlobRights {
  readonly #registry: Registry;
  /** Milliseconds on any scale. */
  readonly #now: () => number;
  readonly #holders = new Map<
    Digest,
    { readonly names: readonly Repository[]; readonly until: number }
  >();

  constructor(registry: Registry, now: () => number) {
    this.#registry = registry;
    this.#now = now;
  }

  /** False also when there is no such blob, or it is not the one that `only` names. */
  mayPull(caller: Caller, infoHash: InfoHash, only?: string): MaybePromise<boolean> {
    const digest = this.#registry.seeding.digestOf(infoHash);
    if (digest === undefined || (only !== undefined && only !== digest)) return false;
    const known = this.#holders.get(digest);
    if (known !== undefined && known.until > this.#now() && isAnyAllowed(caller, known.names)) {
      return true;
    }
    return this.#asTheCatalogSays(caller, digest);
  }

  async #asTheCatalogSays(caller: Caller, digest: Digest): Promise<boolean> {
    const names = await this.#registry.catalog.blobs.holders(digest, mostHolders);
    if (this.#holders.size >= mostKept) this.#holders.clear();
    this.#holders.set(digest, { names, until: this.#now() + keptFor });
    return isAnyAllowed(caller, names);
  }
}

function isAnyAllowed(caller: Caller, names: readonly Repository[]): boolean {
  return names.some((name) => caller.isAllowed('pull', name));
}
