import { DocketError } from '../../base/errors.ts';

/** Raised by the content cache. */
export class CacheError extends DocketError {
  declare readonly code: /** A file's bytes do not have the digest that they were to be kept under. */
    | 'CACHE_DIGEST_WRONG'
    /** The disk has no room for a blob. */
    | 'CACHE_FULL';
}
