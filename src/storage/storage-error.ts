import { codeOf, DocketError, messageOf } from '../base/errors.ts';

/**
 * `STORAGE_FULL`: no room. `STORAGE_FAILED`: the disk or database refused. `STORAGE_LOCKED`: another process uses the
 * folder. `STORAGE_TOO_NEW`: a later version of Docket wrote it. `STORAGE_CORRUPT`: what was read is not what was written.
 * `STORAGE_GONE`: the folder is not the one that was opened, as when its volume was unmounted.
 */
export type StorageErrorCode =
  | 'STORAGE_FULL'
  | 'STORAGE_FAILED'
  | 'STORAGE_LOCKED'
  | 'STORAGE_TOO_NEW'
  | 'STORAGE_CORRUPT'
  | 'STORAGE_GONE';

/** A fault of the place where blobs and metadata are kept, never of the one who asked. */
export class StorageError extends DocketError {
  declare readonly code: StorageErrorCode;
}

/** A fault of the operating system, as a StorageError that says what was being done. */
export function storageFault(doing: string, cause: unknown): StorageError {
  const full = codeOf(cause) === 'ENOSPC' || codeOf(cause) === 'EDQUOT';
  const code: StorageErrorCode = full ? 'STORAGE_FULL' : 'STORAGE_FAILED';
  return new StorageError(code, `${doing}: ${messageOf(cause)}`, { cause });
}
