import { digestAlgorithm, digestHex, type Digest } from '../../oci/digest.ts';
import type { TagEntry } from '../../storage/catalog.ts';
import { matchesPattern } from '../../base/pattern.ts';
import type { MatchingRule } from './retention-rules.ts';

/** Why a tag goes: it is not among the last ones that its rule keeps, or what it is about is gone. */
export type TagReason = 'not-kept' | 'subject-gone';

export interface DoomedTag extends TagEntry {
  readonly reason: TagReason;
}

/** How many entries are looked at between two breaths. */
const entriesAtATime = 500;

/** Tags that older clients give to what is about a manifest: its digest, `sha256-<hex>`, and perhaps a kind (`.sig`). */
const aboutDigest = /^([a-z0-9]+-[0-9a-f]{64})(?:\..*)?$/;

/**
 * Which tags of a repository go by its rule. Those that match `keepTags` stay; so do those about a manifest that is still
 * there (it is `before` that they had to be pushed otherwise); of all others the last `keepLast`. Yields when it has worked
 * for a while.
 */
export function* decideTags(
  tags: readonly TagEntry[],
  manifests: { keys(): Iterable<Digest> },
  rule: MatchingRule,
  before: number,
): Generator<void, readonly DoomedTag[]> {
  const { keepLast, keepTags = [] } = rule;
  if (keepLast === undefined) return [];
  const doomed: DoomedTag[] = [];
  const counting: TagEntry[] = [];
  let subjects: ReadonlySet<string> | undefined;
  for (const [index, tag] of tags.entries()) {
    if (index % entriesAtATime === 0) yield;
    if (keepTags.some((pattern) => matchesPattern(pattern, tag.name))) continue;
    const subject = aboutDigest.exec(tag.name)?.[1];
    if (subject === undefined) counting.push(tag);
    else {
      subjects ??= yield* tagsAbout(manifests.keys());
      const isGone = !subjects.has(subject) && tag.pushedAt < before;
      if (isGone) doomed.push({ ...tag, reason: 'subject-gone' });
    }
  }
  if (counting.length <= keepLast) return doomed;

  const times = (yield* timesOf(counting)).sort();
  yield;
  const oldestKept = times.at(-keepLast) ?? 0;
  const youngerCount = times.length - (times.lastIndexOf(oldestKept) + 1);
  /** How many of those pushed in the same moment as the oldest one that is kept are kept too. */
  let room = keepLast - youngerCount;
  // Among them the last ones by name: `2` was meant to follow `1`.
  for (let index = counting.length - 1; index >= 0; index--) {
    if (index % entriesAtATime === 0) yield;
    const tag = counting[index] as TagEntry;
    if (keepLast > 0 && tag.pushedAt > oldestKept) continue;
    if (keepLast > 0 && tag.pushedAt === oldestKept && room-- > 0) continue;
    doomed.push({ ...tag, reason: 'not-kept' });
  }
  return doomed;
}

/** When these tags were pushed: plain numbers are sorted at once, however many. */
function* timesOf(tags: readonly TagEntry[]): Generator<void, Float64Array> {
  const times = new Float64Array(tags.length);
  for (const [index, { pushedAt }] of tags.entries()) {
    if (index % entriesAtATime === 0) yield;
    times[index] = pushedAt;
  }
  return times;
}

/** How tags about these manifests begin (distribution-spec, referrers tag schema). */
function* tagsAbout(digests: Iterable<Digest>): Generator<void, ReadonlySet<string>> {
  const beginnings = new Set<string>();
  for (const digest of digests) {
    beginnings.add(`${digestAlgorithm(digest)}-${digestHex(digest).slice(0, 64)}`);
    if (beginnings.size % entriesAtATime === 0) yield;
  }
  return beginnings;
}
