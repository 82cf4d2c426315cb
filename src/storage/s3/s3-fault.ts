import { codeOf, messageOf } from '../../base/errors.ts';
import { StorageError, type StorageErrorCode } from '../storage-error.ts';
import { placeOf, type S3Options } from './s3-options.ts';

type Place = Pick<S3Options, 'bucket' | 'prefix' | 'endpoint'>;

/** What is known of an answer, or of none. */
interface Failure {
  readonly name: string;
  readonly status: number | undefined;
  /** The system's code, when the store was not reached. */
  readonly system: string | undefined;
}

/** What went wrong in an S3 store, as a StorageError that says what was being done, and what to look after. */
export function s3Fault(doing: string, place: Place, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const failure = failureOf(cause);
  const { code, hint } = meaningOf(failure, place);
  const said = messageOf(cause);
  const status = failure.status === undefined ? '' : ` (status ${failure.status})`;
  const shown = said === '' || said === failure.name ? failure.name : `${failure.name}: ${said}`;
  const end = hint === undefined ? '' : `: ${hint}`;
  return new StorageError(code, `${doing} in ${placeOf(place)}: ${shown}${status}${end}`, {
    cause,
  });
}

/** True when a store says that there is no such object, or no such bucket: it does not tell which when it is asked by HEAD. */
export function isAbsent(cause: unknown): boolean {
  const { name, status } = failureOf(cause);
  return status === 404 && name !== 'NoSuchBucket' && name !== 'NoSuchUpload';
}

/** True when an object is shorter than what was asked of it. */
export function isBeyondEnd(cause: unknown): boolean {
  const { name, system } = failureOf(cause);
  return name === 'InvalidRange' || system === 'InvalidRange';
}

/** True when a multipart upload is not known any more: it was completed or given up. */
export function isUploadGone(cause: unknown): boolean {
  return failureOf(cause).name === 'NoSuchUpload';
}

/** True when a store does not know how to do that at all. */
export function isNotImplemented(cause: unknown): boolean {
  const { name, status } = failureOf(cause);
  return status === 501 || name === 'NotImplemented';
}

function failureOf(cause: unknown): Failure {
  if (!(cause instanceof Error)) return { name: 'Error', status: undefined, system: undefined };
  const metadata = '$metadata' in cause ? cause.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? Number(metadata.httpStatusCode)
      : undefined;
  return { name: cause.name, status, system: codeOf(cause) };
}

function meaningOf(
  { name, status, system }: Failure,
  { bucket, endpoint }: Place,
): { readonly code: StorageErrorCode; readonly hint?: string } {
  switch (name) {
    case 'NoSuchBucket':
      return { code: 'STORAGE_GONE', hint: `there is no bucket "${bucket}"` };
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
      return { code: 'STORAGE_FAILED', hint: 'set the clock of this host or of the store' };
    case 'InvalidAccessKeyId':
      return { code: 'STORAGE_FAILED', hint: 'the store does not know this access key' };
    case 'SignatureDoesNotMatch':
      return { code: 'STORAGE_FAILED', hint: 'the access key, its secret or the region is wrong' };
    case 'ExpiredToken':
      return { code: 'STORAGE_FAILED', hint: 'the credentials have expired' };
    case 'CredentialsProviderError':
      return { code: 'STORAGE_FAILED', hint: 'no credentials were found' };
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return { code: 'STORAGE_FAILED', hint: 'the bucket is in another region: set "region"' };
    case 'QuotaExceeded':
    case 'XMinioStorageFull':
    case 'EntityTooLarge':
      return { code: 'STORAGE_FULL' };
    default:
  }
  if (status === 507 || status === 413) return { code: 'STORAGE_FULL' };
  if (status === 403) {
    const hint =
      'these credentials may not do that: objects must be read, written, listed and deleted';
    return { code: 'STORAGE_FAILED', hint };
  }
  if (status === 503 || status === 429 || name === 'SlowDown') {
    return { code: 'STORAGE_FAILED', hint: 'the store is too busy' };
  }
  if (system !== undefined && /^E[A-Z_]+$/.test(system)) {
    const hint = `cannot reach ${endpoint ?? 'the store'}`;
    return { code: 'STORAGE_FAILED', hint };
  }
  return { code: 'STORAGE_FAILED' };
}
