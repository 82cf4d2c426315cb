import { AuthError } from '../../auth/auth-error.ts';
import { parseBasic } from '../../auth/basic.ts';
import { Caller, everybody } from '../../auth/caller.ts';
import type { Action, Right } from '../../auth/policy.ts';
import { formatScope, type RegistryPart, type Scope } from '../../auth/scope.ts';
import { TokenIssuer } from '../../auth/token-issuer.ts';
import { TrackerKeys, trackerKeyIn } from '../../auth/tracker-key.ts';
import { systemClock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Digest } from '../../oci/digest.ts';
import { OciError } from '../../oci/oci-error.ts';
import type { Catalog } from '../../storage/catalog.ts';
import type { Exchange } from '../exchange.ts';
import { isLoopback } from '../own-address.ts';
import { openRules, type AccessRules, type AccessSource } from './access-rules.ts';
import { PasswordComparer } from './compare-passwords.ts';
import { KeyFile } from './key-file.ts';
import { Login, type AgentDirectory, type Identity } from './login.ts';
import type { Need } from './need.ts';
import { Robots } from './robots.ts';

export interface AccessOptions {
  readonly source: AccessSource;
  /** The registry's folder. */
  readonly location: string;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly agents?: AgentDirectory | undefined;
}

/** What a request brought. */
interface Brought {
  readonly caller: Caller;
  readonly mark: string;
  /** True for a token of ours, which may be for less than its owner may. */
  readonly isToken: boolean;
  /** The one blob that it is good for. */
  readonly blob?: string;
}

/** What a request must have, and the scope of a token for it. */
interface Wanted {
  readonly right: Right;
  readonly repository: string | undefined;
  readonly scope: Scope;
}

/** Asks every request who sends it, and whether he may. Without it everybody may everything. */
export class Access implements AsyncDisposable {
  readonly rules: AccessRules;
  readonly robots: Robots;
  readonly login: Login;
  readonly issuer: TokenIssuer;
  readonly keys: KeyFile;
  readonly #comparer: PasswordComparer;
  readonly #trackerKeys: TrackerKeys;

  private constructor(
    parts: Pick<Access, 'rules' | 'robots' | 'login' | 'issuer' | 'keys'>,
    comparer: PasswordComparer,
  ) {
    this.rules = parts.rules;
    this.robots = parts.robots;
    this.login = parts.login;
    this.issuer = parts.issuer;
    this.keys = parts.keys;
    this.#comparer = comparer;
    this.#trackerKeys = new TrackerKeys(this.keys.ring.derive('tracker'), Date.now);
  }

  /** Throws AuthError ACCESS_INVALID, and what the system says of the folder. */
  static async open({ source, location, catalog, log, agents }: AccessOptions): Promise<Access> {
    const rules = await openRules(source, systemClock, log);
    const keys = await KeyFile.open({ location, clock: systemClock, wallTime: Date.now, log });
    const robots = new Robots(catalog.robots, Date.now);
    const comparer = new PasswordComparer();
    const { compare } = comparer;
    const login = new Login({ rules, robots, compare, clock: systemClock, agents });
    const { service } = rules.current.config;
    const issuer = new TokenIssuer({ ring: () => keys.ring, service, wallTime: Date.now });
    return new Access({ rules, robots, login, issuer, keys }, comparer);
  }

  /**
   * The sender of a request that needs `need`. Throws OciError UNAUTHORIZED, with the challenge set in the answer's headers,
   * DENIED, or TOOMANYREQUESTS. What is thrown says nothing of what is there.
   */
  async admit(exchange: Exchange, need: Need): Promise<Caller> {
    if (need === 'nothing') return nobodys;
    const brought = await this.#brought(exchange, need);
    const { caller, isToken, mark, blob } = brought;
    exchange.askedBy = caller.label;
    exchange.mark = mark;
    exchange.keyBlob = blob;
    switch (need) {
      case 'login':
        if (exchange.request.headers.authorization === undefined) throw this.#refused(exchange);
        return caller;
      case 'catalog':
        // Clients bring their login only when they are asked for it: else they would see what nobody sees.
        if (exchange.request.headers.authorization !== undefined && caller.isFor(need))
          return caller;
        throw this.#refused(exchange, registryScope(need), isToken);
      case 'tracker':
        if (caller.isFor(need)) return caller;
        throw this.#refused(exchange, registryScope(need), isToken);
      case 'figures':
        if (this.#mayReadFigures(exchange, caller)) return caller;
        throw this.#forbidden(exchange, brought, adminWanted);
      case 'admin':
        if (caller.may('admin')) return caller;
        throw this.#forbidden(exchange, brought, adminWanted);
      case 'pull':
      case 'push':
      case 'delete':
        return this.#admitTo(exchange, brought, need);
      case 'seed':
        break;
    }
    if (blob !== undefined && blob !== exchange.parts['digest']) {
      throw this.#refused(exchange, undefined, true, 'invalid_token');
    }
    return this.#admitTo(exchange, brought, 'pull');
  }

  /** By a token of before that stands for a password. Throws AuthError CREDENTIALS_INVALID. */
  async byRefreshToken(token: string): Promise<Identity> {
    const { subject, mark } = await this.issuer.verifyRefresh(token);
    const identity = await this.login.again(subject, mark);
    if (identity !== undefined) return identity;
    throw new AuthError('CREDENTIALS_INVALID', 'the token does not hold any more');
  }

  /** The key that lets a torrent client announce and fetch the blob whose torrent it was given. */
  keyFor({ caller, mark }: Pick<Exchange, 'caller' | 'mark'>, blob: Digest): string {
    const { trackerKeyLifetime } = this.rules.current.config;
    const { subject } = caller;
    return this.#trackerKeys.create({ subject, mark, blob }, trackerKeyLifetime);
  }

  /** The answer to credentials that are not right: what the client must do is set in the headers. */
  refusal(exchange: Exchange, error: unknown): unknown {
    if (!(error instanceof AuthError)) return error;
    if (error.code === 'LOGIN_LIMITED') return new OciError('TOOMANYREQUESTS', error.message);
    return this.#refused(exchange, undefined, true, 'invalid_token');
  }

  async close(): Promise<void> {
    await this.rules.close();
    await this.keys.close();
    await this.#comparer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #brought(exchange: Exchange, need: Need): Promise<Brought> {
    const { request, search } = exchange;
    const { authorization } = request.headers;
    try {
      if (authorization !== undefined) return await this.#byHeader(authorization, exchange);
      const key = need === 'tracker' || need === 'seed' ? trackerKeyIn(search) : undefined;
      if (key === undefined) return broughtBy(this.login.nobody());
      const brought = await this.#byKey(key);
      if (brought !== undefined) return brought;
      throw new AuthError('CREDENTIALS_INVALID', 'the key does not hold');
    } catch (error) {
      throw this.refusal(exchange, error);
    }
  }

  async #byHeader(header: string, { request }: Exchange): Promise<Brought> {
    const address = request.socket.remoteAddress ?? '';
    const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(header) ?? [];
    switch (scheme.toLowerCase()) {
      case 'basic': {
        const { name, password } = parseBasic(value);
        return broughtBy(await this.login.byPassword(name, password, address));
      }
      case 'bearer': {
        if (this.login.isForeign(value)) {
          return broughtBy(await this.login.byForeignToken(value));
        }
        const claims = await this.issuer.verify(value);
        const identity = await this.login.again(claims.subject, claims.mark);
        if (identity !== undefined) return broughtBy(identity, claims.scopes);
      }
    }
    throw new AuthError('CREDENTIALS_INVALID', 'the credentials are not valid');
  }

  async #byKey(key: string): Promise<Brought | undefined> {
    const read = this.#trackerKeys.read(key);
    const identity = read && (await this.login.again(read.subject, read.mark));
    return identity && { ...broughtBy(identity), blob: read.blob };
  }

  /** The right in the repository of the path. */
  #admitTo(exchange: Exchange, brought: Brought, right: Action): Caller {
    const { repository } = exchange;
    if (brought.caller.may(right, repository)) return brought.caller;
    const actions = right === 'push' ? ['pull', 'push'] : [right];
    const scope = { type: 'repository', name: repository, actions } as const;
    throw this.#forbidden(exchange, brought, { right, repository, scope });
  }

  #mayReadFigures({ request }: Exchange, caller: Caller): boolean {
    const { metrics } = this.rules.current.config;
    if (metrics === 'anyone') return true;
    if (metrics === 'loopback' && isLoopback(request.socket)) return true;
    return caller.may('admin');
  }

  /** Whoever could do it with other credentials, or another token, is asked for them; anybody else is told no. */
  #forbidden(exchange: Exchange, { caller, isToken }: Brought, wanted: Wanted): OciError {
    const isNobody = caller.subject.kind === 'anonymous';
    const isTooNarrow = isToken && caller.isAllowed(wanted.right, wanted.repository);
    if (isNobody || isTooNarrow) return this.#refused(exchange, wanted.scope, isToken);
    // In other words than the specification's: docker takes those for a failure that passes, and tries for a minute.
    return new OciError('DENIED', 'access to this is denied');
  }

  #refused(
    exchange: Exchange,
    scope?: Scope,
    isToken = false,
    error: 'invalid_token' | 'insufficient_scope' = 'insufficient_scope',
  ): OciError {
    const { service } = this.issuer;
    const parameters = [
      `realm="${this.realm(exchange)}"`,
      `service="${service}"`,
      ...(scope === undefined ? [] : [`scope="${formatScope(scope)}"`]),
      ...(isToken ? [`error="${error}"`] : []),
    ];
    exchange.response.setHeader('WWW-Authenticate', `Bearer ${parameters.join(',')}`);
    return new OciError('UNAUTHORIZED', 'authentication is required');
  }

  /** Where tokens are got, as the client reaches it. */
  realm(exchange: Exchange): string {
    return this.rules.current.config.realm ?? `${exchange.origin}/token`;
  }
}

const adminWanted: Wanted = {
  right: 'admin',
  repository: undefined,
  scope: registryScope('admin'),
};

/** For what needs nothing it does not matter who asks. */
const nobodys = new Caller(everybody.subject, []);

function broughtBy(identity: Identity, scopes?: readonly Scope[]): Brought {
  const { subject, grants, mark } = identity;
  return { caller: new Caller(subject, grants, scopes), mark, isToken: scopes !== undefined };
}

function registryScope(name: RegistryPart): Scope {
  return { type: 'registry', name, actions: ['*'] };
}
