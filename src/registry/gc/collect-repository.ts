import { batches } from '../../base/batches.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { LinkEntry, ManifestEntry, TagEntry } from '../../storage/catalog.ts';
import { decideManifests, type DoomedManifest } from './decide-manifests.ts';
import { decideTags, type DoomedTag } from './decide-tags.ts';
import { DryRun } from './dry-run.ts';
import type { GcRun } from './garbage-collector.ts';
import { ruleFor, type MatchingRule } from './retention-rules.ts';

/** Entries that are read in one query. */
const entriesAtATime = 250;
/** Things that are removed in one transaction. */
const removedAtATime = 25;

/** Goes through repositories, one after another: first tags, then manifests, then blobs, each by what is left of those before. */
export class RepositoryCollection {
  readonly #run: GcRun;
  /** What would be gone by now, in a dry run. */
  readonly #dry: DryRun | undefined;

  constructor(run: GcRun) {
    this.#run = run;
    this.#dry = run.dryRun ? new DryRun(run) : undefined;
  }

  async collect(repository: Repository): Promise<void> {
    const { catalog, retention } = this.#run.parts;
    const rule = ruleFor(retention.rules, repository);
    this.#dry?.begin();
    const tags = await this.#readTags(repository);
    const manifests = await this.#readManifests(repository);
    const goneTags = await this.#collectTags(repository, rule, tags, manifests);
    const tagged = await this.#run.slices.run(taggedBy(tags, goneTags));
    await this.#collectManifests(repository, rule, manifests, tagged);
    await this.#collectBlobs(repository);

    const { before, dryRun, gone } = this.#run;
    const isGone = dryRun
      ? await catalog.garbage.isEmpty(repository, before)
      : await catalog.garbage.removeRepository(repository, before);
    if (isGone) await gone({ kind: 'repository', repository, reason: 'empty' });
  }

  async #readTags(repository: Repository): Promise<readonly TagEntry[]> {
    const { parts, slices } = this.#run;
    const tags: TagEntry[] = [];
    for await (const page of slices.pages(
      (page) => parts.catalog.garbage.tags(repository, page),
      (tag) => tag.name,
      entriesAtATime,
    )) {
      tags.push(...page);
    }
    return tags;
  }

  async #readManifests(repository: Repository): Promise<ReadonlyMap<Digest, ManifestEntry>> {
    const { parts, slices } = this.#run;
    const manifests = new Map<Digest, ManifestEntry>();
    for await (const page of slices.pages(
      (page) => parts.catalog.garbage.manifests(repository, page),
      ({ digest }) => digest,
      entriesAtATime,
    )) {
      for (const entry of page) manifests.set(entry.digest, entry);
    }
    return manifests;
  }

  async #collectTags(
    repository: Repository,
    rule: MatchingRule | undefined,
    tags: readonly TagEntry[],
    manifests: ReadonlyMap<Digest, ManifestEntry>,
  ): Promise<ReadonlySet<string>> {
    const { slices, before, parts, dryRun, gone } = this.#run;
    const names = new Set<string>();
    if (rule === undefined) return names;
    const doomed = await slices.run(decideTags(tags, manifests, rule, before));
    for (const batch of batches(doomed, removedAtATime)) {
      const removed: readonly DoomedTag[] = dryRun
        ? batch
        : await parts.catalog.garbage.removeTags(repository, batch);
      for (const { name, digest, reason, pushedAt } of removed) {
        names.add(name);
        await gone({
          kind: 'tag',
          repository,
          tag: name,
          digest,
          reason,
          rule: rule.number,
          since: pushedAt,
        });
      }
      await slices.rest();
    }
    return names;
  }

  async #collectManifests(
    repository: Repository,
    rule: MatchingRule | undefined,
    manifests: ReadonlyMap<Digest, ManifestEntry>,
    tagged: ReadonlySet<Digest>,
  ): Promise<void> {
    const { slices, beforeAge, parts, gone } = this.#run;
    const age = rule?.deleteUntaggedAfter ?? 0;
    if (age === 'never') return;
    const before = beforeAge(age);
    const doomed = await slices.run(decideManifests({ manifests, tagged, before }));
    await this.#dry?.take(repository, doomed);
    for (const batch of batches(doomed, removedAtATime)) {
      const removed = this.#dry
        ? undefined
        : await parts.catalog.garbage.removeManifests(
            repository,
            batch.map(({ entry }) => entry.digest),
            before,
          );
      for (const manifest of batch) {
        if (removed === undefined || removed.includes(manifest.entry.digest)) {
          await gone(itemOf(repository, manifest));
        }
      }
      await slices.rest();
    }
  }

  async #collectBlobs(repository: Repository): Promise<void> {
    const { slices, before, parts } = this.#run;
    for await (const page of slices.pages(
      (page) => parts.catalog.garbage.links(repository, page),
      ({ digest }) => digest,
      entriesAtATime,
    )) {
      const doomed: LinkEntry[] = [];
      for (const link of page) {
        if (link.touchedAt >= before) continue;
        if (!link.isReferenced || (await this.#dry?.isFree(repository, link.digest)) === true) {
          doomed.push(link);
        }
      }
      for (const batch of batches(doomed, removedAtATime))
        await this.#removeBlobs(repository, batch);
    }
  }

  async #removeBlobs(repository: Repository, links: readonly LinkEntry[]): Promise<void> {
    const { slices, before, parts, gone } = this.#run;
    const digests = links.map(({ digest }) => digest);
    const outcomes = this.#dry
      ? await this.#dry.unlink(digests)
      : await parts.blobs.unlinkUnused(repository, digests, before);
    for (const { digest, size, touchedAt } of links) {
      const outcome = outcomes.get(digest);
      if (outcome === undefined || outcome === 'kept') continue;
      const freed = outcome === 'orphaned';
      await gone({
        kind: 'blob',
        repository,
        digest,
        size,
        reason: 'unreferenced',
        since: touchedAt,
        freed,
      });
    }
    await slices.rest();
  }
}

function itemOf(repository: Repository, { entry, reason }: DoomedManifest) {
  const { digest, size, touchedAt: since } = entry;
  return { kind: 'manifest', repository, digest, size, reason, since } as const;
}

/** What those of `tags` point to that are not gone. */
function* taggedBy(
  tags: readonly TagEntry[],
  gone: ReadonlySet<string>,
): Generator<void, ReadonlySet<Digest>> {
  const tagged = new Set<Digest>();
  for (const [index, { name, digest }] of tags.entries()) {
    if (index % entriesAtATime === 0) yield;
    if (!gone.has(name)) tagged.add(digest);
  }
  return tagged;
}
