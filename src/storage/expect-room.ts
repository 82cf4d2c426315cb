import type { Files } from './files.ts';
import { StorageError } from './storage-error.ts';

/** Room that uploads leave free: deletes, and the catalog, need some to make more. */
const mostKeptFree = 64 * 1024 * 1024;
const shareKeptFree = 0.02;

/**
 * Throws StorageError STORAGE_FULL when the volume of `folder` has less than `keepFree` bytes left (default: 2 % of it, at most
 * 64 MiB), or what the system says.
 */
export async function expectRoom(folder: string, files: Files, keepFree?: number): Promise<void> {
  const { free, total } = await files.room(folder);
  if (free >= (keepFree ?? Math.min(mostKeptFree, total * shareKeptFree))) return;
  throw new StorageError('STORAGE_FULL', `the volume has ${free} bytes left`);
}
