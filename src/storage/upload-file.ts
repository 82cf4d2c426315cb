import type { OpenFile } from './files.ts';
import { StorageError } from './storage-error.ts';

const idGrammar = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** True for the id of an upload, a UUID: a part of file names, and asked for by anybody. */
export function isUploadId(text: string): boolean {
  return idGrammar.test(text);
}

/**
 * Leaves the first `size` bytes of an upload's file, those that are durable: a failed write may have left more
 * (distribution#1698). Throws StorageError STORAGE_CORRUPT when some are gone, or what the system says.
 */
export async function cutToDurable(file: OpenFile, size: number): Promise<void> {
  const { size: found } = await file.stat();
  if (found < size) throw new StorageError('STORAGE_CORRUPT', 'bytes of the upload are gone');
  if (found > size) await file.truncate(size);
}
