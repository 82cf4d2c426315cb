import { randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { remember } from '../base/remember.ts';
import { isJsonObject } from '../oci/descriptor.ts';
import { AuthError } from './auth-error.ts';
import type { KeyRing } from './key-ring.ts';
import type { Scope } from './scope.ts';
import { labelOf, parseLabel, type Subject } from './subject.ts';

export interface TokenIssuerParts {
  readonly ring: () => KeyRing;
  /** Whom tokens are for: the registry's name for itself. */
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
}

/** A token as it is handed out. */
export interface IssuedToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
}

/** What a token of ours says, once its signature and times are found right. Who that is now is looked up elsewhere. */
export interface TokenClaims {
  readonly subject: Subject;
  readonly scopes: readonly Scope[];
  /** Of the credential that it was given for: when that changes, what was given for it ends. */
  readonly mark: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** One is of no use as the other. */
type TokenUse = 'access' | 'refresh';
const typeOf = { access: 'at+jwt', refresh: 'refresh+jwt' } as const;
const issuer = 'docket';
/** Seconds that clocks may differ. */
const leeway = 30;
/** Seconds. */
const refreshLifetime = 90 * 24 * 3600;
const mostRemembered = 10_000;
const longestToken = 16 * 1024;

/** Makes and reads the registry's own tokens: JWTs by ES256 (RFC 7519), for this registry only. */
export class TokenIssuer {
  readonly #parts: TokenIssuerParts;
  /** Signatures that were found right: clients send one token hundreds of times. */
  readonly #verified = new Map<string, TokenClaims>();

  constructor(parts: TokenIssuerParts) {
    this.#parts = parts;
  }

  /** The registry's name for itself. */
  get service(): string {
    return this.#parts.service;
  }

  /** A token for `scopes`, good for `lifetime` seconds. */
  async issue(
    subject: Subject,
    scopes: readonly Scope[],
    mark: string,
    lifetime: number,
  ): Promise<IssuedToken> {
    return await this.#sign('access', { ...claimsOf(subject, mark), access: scopes }, lifetime);
  }

  /** A token by which further ones are got without the password. */
  async issueRefresh(subject: Subject, mark: string): Promise<IssuedToken> {
    return await this.#sign('refresh', claimsOf(subject, mark), refreshLifetime);
  }

  /** Throws AuthError CREDENTIALS_INVALID. */
  async verify(token: string): Promise<TokenClaims> {
    const known = this.#verified.get(token);
    if (known !== undefined) {
      if (known.expiresAt + leeway * 1000 > this.#parts.wallTime()) return known;
      this.#verified.delete(token);
      throw invalid();
    }
    const claims = await this.#verify('access', token);
    remember(this.#verified, token, claims, mostRemembered);
    return claims;
  }

  /** Throws AuthError CREDENTIALS_INVALID. */
  async verifyRefresh(token: string): Promise<TokenClaims> {
    return await this.#verify('refresh', token);
  }

  async #sign(use: TokenUse, claims: JWTPayload, lifetime: number): Promise<IssuedToken> {
    const { ring, service, wallTime } = this.#parts;
    const { id, privateKey } = ring().current;
    const issuedAt = wallTime();
    const seconds = Math.floor(issuedAt / 1000);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: typeOf[use], kid: id })
      .setIssuer(issuer)
      .setAudience(service)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + lifetime)
      .setJti(randomUUID())
      .sign(privateKey);
    return { token, expiresIn: lifetime, issuedAt };
  }

  async #verify(use: TokenUse, token: string): Promise<TokenClaims> {
    const { ring, service, wallTime } = this.#parts;
    if (token.length > longestToken) throw invalid();
    try {
      const { payload } = await jwtVerify(
        token,
        // Only ours, by its id: whatever key the token itself brings along (CVE-2025-24976).
        ({ kid }) => {
          const key = ring().find(kid ?? '');
          if (key === undefined) throw invalid();
          return key.publicKey;
        },
        {
          algorithms: ['ES256'],
          typ: typeOf[use],
          issuer,
          audience: service,
          clockTolerance: leeway,
          requiredClaims: ['exp', 'nbf', 'sub'],
          currentDate: new Date(wallTime()),
        },
      );
      return readClaims(payload);
    } catch (cause) {
      throw invalid(cause);
    }
  }
}

function claimsOf(subject: Subject, mark: string): JWTPayload {
  return { sub: labelOf(subject), groups: subject.groups, mark };
}

function readClaims(payload: JWTPayload): TokenClaims {
  const named = parseLabel(payload.sub ?? '');
  const { groups, access = [], mark, exp } = payload;
  if (named === undefined || !Array.isArray(groups) || !Array.isArray(access)) throw invalid();
  return {
    subject: { ...named, groups: groups.map(String) },
    scopes: access.filter(isScope),
    mark: String(mark),
    expiresAt: (exp ?? 0) * 1000,
  };
}

function isScope(value: unknown): value is Scope {
  return (
    isJsonObject(value) &&
    (value['type'] === 'repository' || value['type'] === 'registry') &&
    typeof value['name'] === 'string' &&
    Array.isArray(value['actions'])
  );
}

function invalid(cause?: unknown): AuthError {
  return new AuthError('CREDENTIALS_INVALID', 'the token is not valid', { cause });
}
