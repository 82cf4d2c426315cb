import { Agent, request } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { parseChallenges, type Challenge } from '../../oci/auth-challenge.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import { isIP } from 'node:net';
import { UpstreamError } from './upstream-error.ts';

/** Who we are at a registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** True when the password is a token of before, by which others are got (OAuth 2). */
  readonly isRefreshToken?: boolean;
}

export interface RegistryLoginOptions {
  /** The registry that the credentials are for, and that alone. */
  readonly registry: URL;
  /** Read anew each time: some expire after hours. */
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly clock: Clock;
}

interface Token {
  readonly value: string;
  /** On the clock's scale, in milliseconds. */
  readonly until: number;
}

/** What registries must give at least (Docker's token flow), in seconds; and how long before its end one is not used. */
const shortest = 60;
const spare = 10_000;
const patience = 10_000;
const largestAnswer = 1024 * 1024;
const mostTokens = 1000;

/**
 * Answers a registry's challenges (RFC 9110 §11, Docker's token flow): a token for each scope, got once however many ask, and
 * anew before it ends. Nothing is sent to anybody but the registry and the token service that belongs to it.
 */
export class RegistryLogin {
  readonly #options: RegistryLoginOptions;
  readonly #agent = new Agent({ connect: { timeout: 2000 } });
  readonly #tokens = new Map<string, Token>();
  readonly #asking = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;

  constructor(options: RegistryLoginOptions) {
    this.#options = options;
  }

  /**
   * The headers by which a request to `url` is let in, as far as is known; none for other servers than the registry. Throws
   * UpstreamError when no token can be had.
   */
  async headers(method: string, url: URL): Promise<Readonly<Record<string, string>>> {
    if (url.origin !== this.#options.registry.origin || this.#challenge === undefined) return {};
    const value = await this.#authorization(this.#challenge, scopeFor(method, url));
    return value === undefined ? {} : { authorization: value };
  }

  /**
   * Takes a 401 in: true when the same request can be tried again, once. `challenges` are its `WWW-Authenticate` headers, `sent`
   * the headers that it had.
   */
  async mayRetry(
    url: URL,
    challenges: string | readonly string[] | undefined,
    sent: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    if (url.origin !== this.#options.registry.origin) return false;
    const all = parseChallenges(typeof challenges === 'string' ? [challenges] : (challenges ?? []));
    const challenge =
      all.find(({ scheme }) => scheme === 'bearer') ?? all.find(({ scheme }) => scheme === 'basic');
    if (challenge === undefined) return false;
    const isNew = this.#challenge === undefined;
    this.#challenge = challenge;
    // What was refused is not good any more, for whatever reason.
    for (const [scope, { value }] of this.#tokens) {
      if (sent['authorization'] === `Bearer ${value}`) this.#tokens.delete(scope);
    }
    if (challenge.scheme === 'bearer') return true;
    return isNew && (await this.#options.credentials()) !== undefined;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #authorization(challenge: Challenge, scope: string): Promise<string | undefined> {
    if (challenge.scheme === 'basic') {
      const credentials = await this.#options.credentials();
      return credentials && basic(credentials);
    }
    const { clock } = this.#options;
    const known = this.#tokens.get(scope);
    if (known !== undefined && known.until > clock.now()) return `Bearer ${known.value}`;
    const asking =
      this.#asking.get(scope) ??
      this.#ask(challenge, scope).finally(() => this.#asking.delete(scope));
    this.#asking.set(scope, asking);
    const token = await asking;
    if (this.#tokens.size >= mostTokens) this.#tokens.clear();
    this.#tokens.set(scope, token);
    return `Bearer ${token.value}`;
  }

  async #ask({ parameters }: Challenge, scope: string): Promise<Token> {
    const { registry, clock } = this.#options;
    const credentials = await this.#options.credentials();
    const realm = URL.parse(parameters['realm'] ?? '');
    if (realm === null || !isRealmOf(registry, realm)) {
      throw new UpstreamError(
        'UPSTREAM_REFUSED',
        `the registry wants its tokens to be got at ${realm?.host ?? 'no URL'}, which is not its own`,
      );
    }
    const { service = '' } = parameters;
    const askedAt = clock.now();
    const answer = await this.#send(realm, service, scope, credentials);
    const value = answer['token'] ?? answer['access_token'];
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
      throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${realm.host} gave no token`);
    }
    const seconds = Number(answer['expires_in'] ?? shortest);
    const lasts = Math.max(shortest, Number.isFinite(seconds) ? seconds : shortest) * 1000;
    return { value, until: askedAt + Math.max(lasts - spare, lasts / 2) };
  }

  async #send(
    realm: URL,
    service: string,
    scope: string,
    credentials: Credentials | undefined,
  ): Promise<Readonly<Record<string, unknown>>> {
    const target = new URL(realm);
    const form = new URLSearchParams({ service, scope, client_id: 'docket' });
    const isPost = credentials?.isRefreshToken === true;
    if (isPost) {
      form.set('grant_type', 'refresh_token');
      form.set('refresh_token', credentials.password);
    } else {
      for (const [name, value] of form) target.searchParams.set(name, value);
    }
    try {
      const { statusCode, body } = await request(target, {
        method: isPost ? 'POST' : 'GET',
        headers: {
          'user-agent': 'docket',
          ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
          ...(credentials === undefined || isPost ? {} : { authorization: basic(credentials) }),
        },
        ...(isPost ? { body: form.toString() } : {}),
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(patience),
      });
      let text = '';
      for await (const chunk of body as AsyncIterable<Buffer>) {
        text += chunk.toString('latin1');
        if (text.length > largestAnswer) throw new Error('its answer is too large');
      }
      if (statusCode >= 400 && statusCode < 500 && statusCode !== 429) {
        throw new UpstreamError('UPSTREAM_REFUSED', `${realm.host} refuses the login`);
      }
      if (statusCode !== 200) throw new Error(`it answered with status ${statusCode}`);
      const answer: unknown = JSON.parse(text);
      if (isJsonObject(answer)) return answer;
      throw new Error('its answer is no JSON object');
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      const message = `no token could be had from ${realm.host}: ${messageOf(error)}`;
      throw new UpstreamError('UPSTREAM_UNREACHABLE', message, { cause: error });
    }
  }
}

/** The scope of a token for a request, by what it does. */
export function scopeFor(method: string, { pathname }: URL): string {
  const [, name] =
    /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers|_docket\/torrents)\/[^/]+(?:\/[^/]*)?$/.exec(
      pathname,
    ) ?? [];
  if (name !== undefined) {
    const repository = name.replace(/\/blobs$/, '');
    const isRead = method === 'GET' || method === 'HEAD';
    const isUpload = pathname.includes('/blobs/uploads');
    if (method === 'DELETE' && !isUpload) return `repository:${repository}:pull,delete`;
    return `repository:${repository}:${isRead && !isUpload ? 'pull' : 'pull,push'}`;
  }
  if (pathname === '/announce' || pathname === '/scrape') return 'registry:tracker:*';
  if (pathname === '/v2/_catalog' || pathname === '/api/v1/images') return 'registry:catalog:*';
  return pathname.startsWith('/api/') ? 'registry:admin:*' : '';
}

/**
 * True for a token service that may see the credentials of a registry: one on its host or of its domain, and never out of
 * TLS (CVE-2020-15157).
 */
function isRealmOf(registry: URL, realm: URL): boolean {
  if (!/^https?:$/.test(realm.protocol) || realm.username !== '' || realm.password !== '') {
    return false;
  }
  if (registry.protocol === 'https:' && realm.protocol !== 'https:') return false;
  if (realm.hostname === registry.hostname) return true;
  if (isIP(registry.hostname) !== 0 || registry.hostname.startsWith('[')) return false;
  const domain = registry.hostname.split('.').slice(-2).join('.');
  return domain.includes('.') && realm.hostname.endsWith(`.${domain}`);
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
