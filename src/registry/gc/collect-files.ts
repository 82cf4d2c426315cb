import type { GcRun } from './garbage-collector.ts';

/**
 * Removes the files of blobs that no repository links. The grace counts for them, too, so that a catalog from an older
 * backup loses none at once.
 */
export async function collectFiles({ parts, before, dryRun, gone, slices }: GcRun): Promise<void> {
  await parts.blobs.sweep({
    before,
    dryRun,
    gone: ({ digest, size, changedAt }) =>
      gone({ kind: 'file', digest, size, reason: 'unknown', since: changedAt }),
    rest: () => slices.rest(),
  });
}
