import { codeOf, messageOf } from '../base/errors.ts';
import { OciError, type OciErrorCode } from '../oci/oci-error.ts';
import { GarbageError } from '../registry/gc/garbage-collector.ts';
import { RequestError } from './request-error.ts';
import { StorageError, type StorageErrorCode } from '../storage/storage-error.ts';

const statusOfOciError: Readonly<Record<OciErrorCode, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 413,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  TOOMANYTAGS: 414,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
};

const statusOfStorageError: Readonly<Record<StorageErrorCode, number>> = {
  STORAGE_FULL: 507,
  STORAGE_FAILED: 503,
  STORAGE_LOCKED: 503,
  STORAGE_TOO_NEW: 503,
  STORAGE_CORRUPT: 500,
  STORAGE_GONE: 503,
};

/** How an error is answered. */
export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly detail: unknown;
}

/** The one place where errors become HTTP statuses. What the client did not cause is told without its particulars. */
export function answerOf(error: unknown): ErrorAnswer {
  if (error instanceof OciError) {
    const { code, message, detail } = error;
    return { status: statusOfOciError[code], code, message, detail };
  }
  if (error instanceof RequestError) {
    return { status: 400, code: error.code, message: error.message, detail: undefined };
  }
  if (error instanceof GarbageError) {
    return { status: 409, code: error.code, message: error.message, detail: undefined };
  }
  if (error instanceof StorageError) {
    const status = statusOfStorageError[error.code];
    const message =
      error.code === 'STORAGE_FULL' ? 'the registry has no room left' : 'the registry cannot store';
    return { status, code: 'UNKNOWN', message, detail: { storage: error.code } };
  }
  return { status: 500, code: 'UNKNOWN', message: 'the registry failed', detail: undefined };
}

/** What is worth logging of an error. */
export function errorFields(error: unknown): object {
  const stack = error instanceof OciError || !(error instanceof Error) ? undefined : error.stack;
  return { code: codeOf(error), error: messageOf(error), stack };
}
