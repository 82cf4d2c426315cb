import type { RateLimiter } from '../base/rate-limiter.ts';
import { abortable } from '../base/abortable.ts';
import { digestAlgorithm } from '../oci/digest.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRecord, Problem } from '../storage/catalog.ts';
import { StorageError } from '../storage/storage-error.ts';
import { RunningHash } from './running-hash.ts';

/**
 * Reads a blob whole, no faster than the limiter allows, and tells what is wrong with it; undefined when nothing is. `onBytes`
 * hears of what was read. Throws the signal's reason, and StorageError STORAGE_GONE: where no blob can be read, none is bad.
 */
export async function examine(
  store: BlobStore,
  { digest, size }: BlobRecord,
  limiter: RateLimiter,
  signal: AbortSignal,
  onBytes: (count: number) => void = () => {},
): Promise<Problem | undefined> {
  try {
    await using blob = await store.open(digest, { fresh: true });
    if (blob === undefined) return 'missing';
    if (blob.size !== size) return 'damaged';
    const hash = new RunningHash(digestAlgorithm(digest));
    for await (const slice of blob.read(0, blob.size)) {
      signal.throwIfAborted();
      hash.update(slice);
      onBytes(slice.length);
      const turn = limiter.take(slice.length);
      if (turn !== undefined) await abortable(turn, signal);
    }
    return hash.digest() === digest ? undefined : 'damaged';
  } catch (error) {
    if (!(error instanceof StorageError) || error.code === 'STORAGE_GONE') throw error;
    return error.code === 'STORAGE_CORRUPT' ? 'damaged' : 'unreadable';
  }
}
