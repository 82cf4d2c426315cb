import { DocketError } from '../base/errors.ts';

/**
 * `ACCESS_INVALID`: the file of users or rules cannot be meant. `CREDENTIALS_INVALID`: a password, key or token is not right,
 * or not any more. `LOGIN_LIMITED`: too many wrong ones came.
 */
export type AuthErrorCode = 'ACCESS_INVALID' | 'CREDENTIALS_INVALID' | 'LOGIN_LIMITED';

/** Raised where somebody cannot be let in, or the rules cannot be read. Messages never hold what was given. */
export class AuthError extends DocketError {
  declare readonly code: AuthErrorCode;
}
