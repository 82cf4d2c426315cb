import { DocketError } from '../base/errors.ts';

/** The error codes of the distribution-spec, those that Docker's registry has beside them, and TOOMANYTAGS. */
export const ociErrorCodes = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DENIED',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'PAGINATION_NUMBER_INVALID',
  'RANGE_INVALID',
  'SIZE_INVALID',
  'TAG_INVALID',
  'TOOMANYREQUESTS',
  'TOOMANYTAGS',
  'UNAUTHORIZED',
  'UNSUPPORTED',
] as const;

export type OciErrorCode = (typeof ociErrorCodes)[number];

export interface OciErrorOptions extends ErrorOptions {
  /** What a client program may want to know: sent as `detail`. */
  readonly detail?: unknown;
}

/** Something that a registry answers with one of the distribution-spec's error codes. */
export class OciError extends DocketError {
  declare readonly code: OciErrorCode;
  readonly detail: unknown;

  constructor(code: OciErrorCode, message: string, options: OciErrorOptions = {}) {
    super(code, message, options);
    this.detail = options.detail;
  }
}
