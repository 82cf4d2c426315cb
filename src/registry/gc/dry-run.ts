import { batches } from '../../base/batches.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { Unlinked } from '../../storage/catalog.ts';
import type { DoomedManifest } from './decide-manifests.ts';
import type { GcRun } from './garbage-collector.ts';

/** Entries that are read in one query. */
const entriesAtATime = 100;

/** What would be gone by now if the run were not dry. */
export class DryRun {
  readonly #run: GcRun;
  /** The manifests of the repository at hand that would be gone. */
  #manifests = new Set<Digest>();
  /** What they point to: only this can be free by that. */
  #targets = new Set<Digest>();
  /** How many links of blobs that have several would be gone. */
  readonly #unlinked = new Map<Digest, number>();

  constructor(run: GcRun) {
    this.#run = run;
  }

  /** Nothing of a repository would be gone yet. */
  begin(): void {
    this.#manifests = new Set();
    this.#targets = new Set();
  }

  /** These manifests of a repository would be gone. */
  async take(repository: Repository, doomed: readonly DoomedManifest[]): Promise<void> {
    const { parts, slices } = this.#run;
    const digests = doomed.map(({ entry }) => entry.digest);
    this.#manifests = new Set(digests);
    for (const batch of batches(digests, entriesAtATime)) {
      const targets = await parts.catalog.garbage.targetsOf(repository, batch);
      for (const target of targets) this.#targets.add(target);
      await slices.rest();
    }
  }

  /** Whether all manifests that point to the blob would be gone. */
  async isFree(repository: Repository, digest: Digest): Promise<boolean> {
    if (!this.#targets.has(digest)) return false;
    const { parts, slices } = this.#run;
    for await (const page of slices.pages(
      (page) => parts.catalog.garbage.pointersTo(repository, digest, page),
      (manifest) => manifest,
      entriesAtATime,
    )) {
      if (page.some((manifest) => !this.#manifests.has(manifest))) return false;
    }
    return true;
  }

  /** What would become of blobs whose link in a repository went. */
  async unlink(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, Unlinked>> {
    const outcomes = new Map<Digest, Unlinked>();
    for (const [digest, links] of await this.#run.parts.catalog.garbage.linkCounts(digests)) {
      const gone = (this.#unlinked.get(digest) ?? 0) + 1;
      if (links > 1) this.#unlinked.set(digest, gone);
      outcomes.set(digest, gone === links ? 'orphaned' : 'unlinked');
    }
    return outcomes;
  }
}
