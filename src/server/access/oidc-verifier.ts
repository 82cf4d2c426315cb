import { createRemoteJWKSet, decodeJwt, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { AuthError } from '../../auth/auth-error.ts';
import { oidcSubject, type OidcIssuer } from '../../auth/oidc-subject.ts';
import type { Subject } from '../../auth/subject.ts';
import { isJsonObject } from '../../oci/descriptor.ts';

/** By which tokens may be signed: never by a shared secret. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
];
/** Milliseconds. */
const patience = 5_000;
const keysLast = 600_000;
const askAgainAfter = 30_000;
const largestDocument = 256 * 1024;
/** Seconds that clocks may differ. */
const leeway = 60;

/** Checks the tokens of CI systems by the keys that their issuers publish; these are fetched when they are needed first. */
export class OidcVerifier {
  readonly #keys = new Map<string, JWTVerifyGetKey>();

  /** The issuer that a token names; undefined when it is none of `issuers`, or no token. Nothing is verified. */
  issuerOf(issuers: readonly OidcIssuer[], token: string): OidcIssuer | undefined {
    if (issuers.length === 0 || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
    try {
      const { iss } = decodeJwt(token);
      return issuers.find(({ issuer }) => issuer === iss);
    } catch {
      return undefined;
    }
  }

  /** Whom a token stands for. Throws AuthError CREDENTIALS_INVALID. */
  async verify(issuer: OidcIssuer, token: string): Promise<Subject> {
    try {
      const { payload } = await jwtVerify(token, await this.#keysOf(issuer), {
        algorithms,
        issuer: issuer.issuer,
        audience: issuer.audience,
        clockTolerance: leeway,
        requiredClaims: ['exp', 'iat'],
      });
      const subject = oidcSubject(issuer.subjects, payload);
      if (subject !== undefined) return subject;
    } catch (cause) {
      throw refused(cause);
    }
    throw refused();
  }

  async #keysOf(issuer: OidcIssuer): Promise<JWTVerifyGetKey> {
    const key = `${issuer.issuer} ${issuer.jwks ?? ''}`;
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const url = issuer.jwks ?? (await discover(issuer.issuer));
    const keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: patience,
      cacheMaxAge: keysLast,
      cooldownDuration: askAgainAfter,
    });
    this.#keys.set(key, keys);
    return keys;
  }
}

/** Where an issuer says that its keys are (OpenID Connect Discovery 1.0). */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(patience), redirect: 'error' });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const text = await answer.text();
  if (text.length > largestDocument) throw new Error(`${url} is too large`);
  const document: unknown = JSON.parse(text);
  if (!isJsonObject(document) || document['issuer'] !== issuer) {
    throw new Error(`${url} is of another issuer`);
  }
  const place = URL.parse(String(document['jwks_uri']));
  const isSafe = place?.protocol === 'https:' || new URL(issuer).protocol === 'http:';
  if (place === null || !isSafe) throw new Error(`${url} names no keys`);
  return place.href;
}

function refused(cause?: unknown): AuthError {
  return new AuthError('CREDENTIALS_INVALID', 'the identity token is not valid here', { cause });
}
