import { Agent, type Dispatcher, errors } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { contextHeaders } from '../../observe/request-context.ts';
import type { RegistryLogin } from './registry-login.ts';
import { UpstreamError } from './upstream-error.ts';

/** The headers of an answer, lower-case names, each the first value that was given. */
export type AnswerHeaders = Readonly<Record<string, string>>;

/** A good answer: status 200 or 206. The body must be read to its end, or given to `discard`. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Dispatcher.ResponseData['body'];
}

export interface RegistryHttpOptions {
  /** The registry's base URL, without `/v2`. */
  readonly registry: URL;
  readonly clock: Clock;
  /** Who we are there; default: nobody. */
  readonly login?: RegistryLogin | undefined;
}

/** What to ask for. `path` begins with `/v2/`. */
export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds until the answer's headers; default 30 s. */
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
}

const longestSilence = 30_000;
/** As many as most registries' storage needs; more is a loop. */
const mostRedirects = 5;
/** Errors that come in a body are read up to here, for the message. */
const mostErrorBytes = 16 * 1024;

/**
 * Requests to one registry over a pool of connections. A connection gets 2 s, the headers 30 s, and a body may pause for
 * 30 s; there is no limit on the whole, since layers are large and links are slow.
 */
export class RegistryHttp {
  readonly #base: string;
  readonly #origin: string;
  readonly #clock: Clock;
  readonly #login: RegistryLogin | undefined;
  readonly #agent = new Agent({
    connect: { timeout: 2000 },
    connections: 64,
    headersTimeout: longestSilence,
    bodyTimeout: longestSilence,
    keepAliveTimeout: 30_000,
  });
  #answeredAt: number | undefined;

  constructor(options: RegistryHttpOptions) {
    this.#base = options.registry.href.replace(/\/+$/, '');
    this.#origin = options.registry.origin;
    this.#clock = options.clock;
    this.#login = options.login;
  }

  /** The registry's URL of `path`. */
  url(path: string): string {
    return this.#base + path;
  }

  /** True when the registry has given a sensible answer within the last `milliseconds`. */
  answeredWithin(milliseconds: number): boolean {
    return this.#answeredAt !== undefined && this.#clock.now() - this.#answeredAt < milliseconds;
  }

  /** Asks, following redirects to the registry's storage. Throws UpstreamError for every answer but 200 and 206. */
  async request(request: RegistryRequest): Promise<Answer> {
    let url = new URL(this.url(request.path));
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const response = await this.#ask(url, request);
      const headers = singleHeaders(response.headers);
      if (response.statusCode === 200 || response.statusCode === 206) {
        this.#answeredAt = this.#clock.now();
        return { status: response.statusCode, headers, body: response.body };
      }
      if (![301, 302, 303, 307, 308].includes(response.statusCode)) {
        throw await this.#refusal(response, request);
      }
      await response.body.dump();
      url = redirected(url, headers['location'], request);
    }
    throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${request.path} is redirected without end`);
  }

  /** Breaks off all requests. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Once more, when the registry wants to know who asks. */
  async #ask(url: URL, request: RegistryRequest): Promise<Dispatcher.ResponseData> {
    const login = this.#login;
    if (login === undefined) return await this.#send(url, request, {});
    const headers = await login.headers(request.method, url);
    const response = await this.#send(url, request, headers);
    if (response.statusCode !== 401) return response;
    const challenges = response.headers['www-authenticate'];
    if (!(await login.mayRetry(url, challenges, headers))) return response;
    await response.body.dump();
    return await this.#send(url, request, await login.headers(request.method, url));
  }

  async #send(
    url: URL,
    request: RegistryRequest,
    login: Readonly<Record<string, string>>,
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: {
          'user-agent': 'docket',
          // A registry's storage elsewhere need not know.
          ...(url.origin === this.#origin ? contextHeaders() : {}),
          ...request.headers,
          ...login,
        },
        headersTimeout: request.patience ?? longestSilence,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
    } catch (error) {
      request.signal?.throwIfAborted();
      throw unreachable(request.path, error);
    }
  }

  async #refusal(response: Dispatcher.ResponseData, request: RegistryRequest): Promise<Error> {
    const said = `${request.method} ${request.path}: the registry answered ${response.statusCode}`;
    const text = await limitedText(response.body);
    const message = text === '' ? said : `${said} (${text})`;
    const status = response.statusCode;
    if (status >= 500 || status === 408 || status === 429) {
      return new UpstreamError('UPSTREAM_UNREACHABLE', message);
    }
    this.#answeredAt = this.#clock.now();
    if (status === 401 || status === 403) return new UpstreamError('UPSTREAM_REFUSED', message);
    if (status === 404 || status === 410) return new UpstreamError('UPSTREAM_NOT_FOUND', message);
    return new UpstreamError('UPSTREAM_BAD_ANSWER', message);
  }
}

/** The error for a request, or the body of its answer, that broke off by `cause`. */
export function unreachable(path: string, cause: unknown): UpstreamError {
  const why =
    cause instanceof errors.ConnectTimeoutError
      ? 'no connection within 2 s'
      : cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError
        ? 'it is silent'
        : messageOf(cause);
  return new UpstreamError(
    'UPSTREAM_UNREACHABLE',
    `${path}: the registry cannot be reached: ${why}`,
    {
      cause,
    },
  );
}

/** Does without the rest of an answer, whose connection is closed with it. */
export function discard(answer: Answer): void {
  // Its stream takes this for an error.
  answer.body.on('error', () => {}).destroy();
}

/** All bytes of `answer`. Throws UpstreamError when they are more than `most`, or break off. */
export async function readLimited(answer: Answer, most: number, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      length += chunk.length;
      // Leaving the loop destroys the body.
      if (length > most) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(path, error);
  }
  if (length > most) {
    throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${path} is larger than ${most} bytes`);
  }
  return Buffer.concat(chunks, length);
}

/** A header that came several times is worth no more than its first value. */
function singleHeaders(headers: Dispatcher.ResponseData['headers']): AnswerHeaders {
  const single: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) single[name.toLowerCase()] = first;
  }
  return single;
}

function redirected(from: URL, location: string | undefined, request: RegistryRequest): URL {
  const to = location === undefined ? null : URL.parse(location, from.href);
  if (to === null || (to.protocol !== 'http:' && to.protocol !== 'https:')) {
    throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${request.path} is redirected to nowhere`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new UpstreamError('UPSTREAM_BAD_ANSWER', `${request.path} is redirected out of TLS`);
  }
  return to;
}

/** The beginning of an error's body in one line: it comes from outside and ends in logs. */
async function limitedText(body: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      text += chunk.toString('latin1');
      if (text.length > mostErrorBytes) break;
    }
  } catch {
    return '';
  }
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);
}
