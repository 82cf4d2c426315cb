import { DocketError } from '../../base/errors.ts';

/** What a registry's refusal means to the command line. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DENIED'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_UNKNOWN'
  | 'REGISTRY_FAILED'
  | 'UNAUTHORIZED';

/** A registry answered a request with an error. */
export class RegistryError extends DocketError {
  declare readonly code: RegistryErrorCode;
  /** The HTTP status. */
  readonly status: number;

  constructor(code: RegistryErrorCode, message: string, status: number) {
    super(code, message);
    this.status = status;
  }
}
