import type { Digest } from '../../oci/digest.ts';
import type { ManifestEntry } from '../../storage/catalog.ts';

/** Why a manifest goes: nothing kept it, or only an index or a subject that goes too. */
export type ManifestReason = 'untagged' | 'index-goes' | 'subject-goes';

export interface DoomedManifest {
  readonly entry: ManifestEntry;
  readonly reason: ManifestReason;
}

/** What of a repository decides about its manifests. */
export interface ManifestView {
  readonly manifests: ReadonlyMap<Digest, ManifestEntry>;
  /** What the tags that stay point to. */
  readonly tagged: ReadonlySet<Digest>;
  /** What was touched at this time or later stays (milliseconds since 1970). */
  readonly before: number;
}

/** How many manifests are looked at between two breaths. */
const manifestsAtATime = 500;

/**
 * Which manifests go. One stays that a tag points to or that was touched lately, what an index that stays points to, and
 * what is about a manifest that stays. What goes comes in an order in which each follows all that kept it. Yields when it
 * has worked for a while.
 */
export function* decideManifests(view: ManifestView): Generator<void, readonly DoomedManifest[]> {
  const { manifests, tagged, before } = view;
  const dependants = yield* dependantsIn(manifests);
  const living = new Set<Digest>();
  let count = 0;
  for (const { digest, touchedAt } of manifests.values()) {
    if (++count % manifestsAtATime === 0) yield;
    if (tagged.has(digest) || touchedAt >= before) living.add(digest);
  }
  // A set gives also what is added meanwhile: each manifest once, however many ways lead to it (zot#4318).
  for (const digest of living) {
    if (++count % manifestsAtATime === 0) yield;
    for (const dependant of dependants.get(digest) ?? []) living.add(dependant);
  }
  return yield* inOrder(manifests, living, dependants);
}

/** What each manifest keeps: what it points to, and what is about it. */
function* dependantsIn(
  manifests: ReadonlyMap<Digest, ManifestEntry>,
): Generator<void, ReadonlyMap<Digest, readonly Digest[]>> {
  const dependants = new Map<Digest, Digest[]>();
  let count = 0;
  for (const entry of manifests.values()) {
    if (++count % manifestsAtATime === 0) yield;
    for (const keeper of keepersOf(entry, manifests)) {
      const known = dependants.get(keeper);
      if (known === undefined) dependants.set(keeper, [entry.digest]);
      else known.push(entry.digest);
    }
  }
  return dependants;
}

function* inOrder(
  manifests: ReadonlyMap<Digest, ManifestEntry>,
  living: ReadonlySet<Digest>,
  dependants: ReadonlyMap<Digest, readonly Digest[]>,
): Generator<void, readonly DoomedManifest[]> {
  const doomed: DoomedManifest[] = [];
  /** How many of those that keep it have not gone yet. */
  const waiting = new Map<Digest, number>();
  let count = 0;
  for (const entry of manifests.values()) {
    if (++count % manifestsAtATime === 0) yield;
    if (living.has(entry.digest)) continue;
    const keepers = keepersOf(entry, manifests).length;
    if (keepers > 0) waiting.set(entry.digest, keepers);
    else doomed.push({ entry, reason: 'untagged' });
  }
  for (const { entry } of doomed) {
    if (++count % manifestsAtATime === 0) yield;
    for (const digest of dependants.get(entry.digest) ?? []) {
      const left = (waiting.get(digest) ?? 0) - 1;
      waiting.set(digest, left);
      const dependant = manifests.get(digest);
      if (left !== 0 || dependant === undefined) continue;
      const isAbout = dependant.subject === entry.digest;
      doomed.push({ entry: dependant, reason: isAbout ? 'subject-goes' : 'index-goes' });
    }
  }
  return doomed;
}

/** The manifests, among those that are there, that keep this one. */
function keepersOf(
  { parents, subject }: ManifestEntry,
  manifests: ReadonlyMap<Digest, ManifestEntry>,
): readonly Digest[] {
  const keepers = new Set(subject === undefined ? parents : [...parents, subject]);
  return [...keepers].filter((digest) => manifests.has(digest));
}
