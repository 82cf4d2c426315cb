import { DocketError } from '../../base/errors.ts';

/** Why the registry did not give what was asked for. */
export type UpstreamErrorCode =
  /** It answered that it does not have it. */
  | 'UPSTREAM_NOT_FOUND'
  /** It refused to tell: it wants credentials, or forbids it. */
  | 'UPSTREAM_REFUSED'
  /** It could not be connected to, broke the connection, took too long, or is out of order at the moment. */
  | 'UPSTREAM_UNREACHABLE'
  /** It answered with something that cannot be right: another digest, no manifest, a wrong range. */
  | 'UPSTREAM_BAD_ANSWER';

/** Raised by the client of the registry. */
export class UpstreamError extends DocketError {
  declare readonly code: UpstreamErrorCode;
}

/** True when `error` says that the registry does not have what was asked for. */
export function isNotFound(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'UPSTREAM_NOT_FOUND';
}

/** True when `error` may go away by asking again. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'UPSTREAM_UNREACHABLE';
}
