import { AuthError } from './auth-error.ts';

/** The name and password in the value of `Authorization: Basic` (RFC 7617). Throws AuthError CREDENTIALS_INVALID. */
export function parseBasic(value: string): { readonly name: string; readonly password: string } {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) throw new AuthError('CREDENTIALS_INVALID', 'the credentials are not valid');
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
