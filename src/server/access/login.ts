import { createHash } from 'node:crypto';
import { AuthError } from '../../auth/auth-error.ts';
import { LoginLimits } from '../../auth/login-limits.ts';
import { PasswordChecker } from '../../auth/password-checker.ts';
import type { Grant } from '../../auth/policy.ts';
import { grantsFor } from '../../auth/policy.ts';
import { anonymous, type Subject } from '../../auth/subject.ts';
import type { Clock } from '../../base/clock.ts';
import type { AccessRules } from './access-rules.ts';
import { OidcVerifier } from './oidc-verifier.ts';
import type { Robots } from './robots.ts';

/** Who somebody is, and what he has by the rules as they are now. */
export interface Identity {
  readonly subject: Subject;
  readonly grants: readonly Grant[];
  /** Of the credential: tokens that are given for it hold only as long as it has the same. */
  readonly mark: string;
}

/** Hosts that enrolled. */
export interface AgentDirectory {
  /** The agent of that name, when what `mark` stands for is good; undefined when it was revoked, or never was. */
  find(name: string, mark: string): Promise<Subject | undefined>;
}

export interface LoginParts {
  readonly rules: AccessRules;
  readonly robots: Robots;
  readonly compare: (password: string, hash: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly agents?: AgentDirectory | undefined;
}

/** Finds out who somebody is by what he brings. */
export class Login {
  readonly #parts: LoginParts;
  readonly #passwords: PasswordChecker;
  readonly #limits: LoginLimits;
  readonly #oidc = new OidcVerifier();

  constructor(parts: LoginParts) {
    this.#parts = parts;
    this.#passwords = new PasswordChecker(parts);
    this.#limits = new LoginLimits(parts.clock);
  }

  /**
   * By a name and a password: a user's own, a robot's token or an identity token of a CI system, for which the name does not
   * count. `address` is where it comes from. Throws AuthError CREDENTIALS_INVALID or LOGIN_LIMITED.
   */
  async byPassword(name: string, password: string, address: string): Promise<Identity> {
    if (this.isForeign(password)) return await this.byForeignToken(password);
    const { users } = this.#parts.rules.current;
    const known = this.#passwords.known(users, name, password);
    // Whoever was found right is let in, whatever others try in his name.
    if (known === true) return this.#user(name, users.get(name) ?? '');
    this.#limits.expectRoom(address, name);
    const isRight = known ?? (await this.#passwords.check(users, name, password));
    if (isRight) return this.#user(name, users.get(name) ?? '');
    this.#limits.failed(address, name);
    throw wrong();
  }

  /** By a token that is none of the registry's own: nobody can guess those, so they may be tried at will. Throws as `byPassword` does. */
  async byForeignToken(token: string): Promise<Identity> {
    const { rules, robots } = this.#parts;
    const issuer = this.#oidc.issuerOf(rules.current.config.oidc, token);
    if (issuer !== undefined) {
      return this.#withGrants(await this.#oidc.verify(issuer, token), issuer.issuer);
    }
    const robot = await robots.bySecret(token);
    if (robot === undefined) throw wrong();
    return this.#withGrants(
      { kind: 'robot', name: robot.name, groups: [] },
      robot.id,
      robot.grants,
    );
  }

  /** True for what only `byForeignToken` can know. */
  isForeign(token: string): boolean {
    const { config } = this.#parts.rules.current;
    return token.startsWith('dkt_') || this.#oidc.issuerOf(config.oidc, token) !== undefined;
  }

  /** Whoever brings nothing. */
  nobody(): Identity {
    return this.#withGrants(anonymous, '');
  }

  /** Who somebody is now, to whom a token or a key was given; undefined when it does not hold any more. */
  async again(subject: Subject, mark: string): Promise<Identity | undefined> {
    const { rules, robots, agents } = this.#parts;
    const { name, kind } = subject;
    switch (kind) {
      case 'anonymous':
        return this.nobody();
      case 'user': {
        const hash = rules.current.users.get(name);
        return hash !== undefined && markOf(hash) === mark ? this.#user(name, hash) : undefined;
      }
      case 'robot': {
        const robot = await robots.alive(name, mark);
        return robot && this.#withGrants({ kind, name, groups: [] }, mark, robot.grants);
      }
      case 'oidc': {
        const isBelieved = rules.current.config.oidc.some(({ issuer }) => issuer === mark);
        return isBelieved ? this.#withGrants(subject, mark) : undefined;
      }
      case 'agent':
        break;
    }
    const agent = await agents?.find(name, mark);
    return agent && this.#withGrants(agent, mark);
  }

  #user(name: string, hash: string): Identity {
    const { groups } = this.#parts.rules.current.config;
    const own = Object.keys(groups).filter((group) => groups[group]?.includes(name));
    return this.#withGrants({ kind: 'user', name, groups: own }, markOf(hash));
  }

  #withGrants(subject: Subject, mark: string, own: readonly Grant[] = []): Identity {
    const { policy } = this.#parts.rules.current.config;
    return { subject, mark, grants: [...grantsFor(policy, subject), ...own] };
  }
}

/** Another password has another mark. */
function markOf(hash: string): string {
  return createHash('sha256').update(hash).digest('base64url').slice(0, 16);
}

function wrong(): AuthError {
  return new AuthError('CREDENTIALS_INVALID', 'the name or the password is wrong');
}
