import { DocketError } from '../../base/errors.ts';

/** Raised when a blob cannot be had. Errors of the registry itself stay UpstreamErrors. */
export class FetchError extends DocketError {
  declare readonly code: /** The registry sent other bytes than the digest names, twice. */
    | 'FETCH_DIGEST_WRONG'
    /** Bytes that were read already turned out to be wrong: what reads them must begin anew. */
    | 'FETCH_BYTES_WRONG'
    /** No repository of the registry is known that has the blob. */
    | 'FETCH_NO_SOURCE'
    /** The fetcher is being closed. */
    | 'FETCH_CLOSED';
}
