import { Agent, request, type Dispatcher } from 'undici';
import { RegistryLogin, type Credentials } from '../../agent/upstream/registry-login.ts';
import { systemClock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { CliError } from '../cli-error.ts';
import { errorInBody } from './http-answer.ts';
import { RegistryError, type RegistryErrorCode } from './registry-error.ts';
import { isPassing } from './retry.ts';

/** A request as undici takes it, without its address. */
export type RequestOptions = Omit<Dispatcher.RequestOptions, 'path' | 'origin' | 'signal'> & {
  readonly signal: AbortSignal;
};

const answerTimeout = 60_000;

/** HTTP to one registry, with its failures told as the command line tells them. */
export class RegistryConnection implements AsyncDisposable {
  readonly url: string;
  readonly #dispatcher: Agent;
  readonly #login: RegistryLogin;

  /** `url` without a slash at the end; `credentials` are asked for when the registry wants some. */
  constructor(url: string, credentials?: () => Promise<Credentials | undefined>) {
    this.url = url;
    this.#login = new RegistryLogin({
      registry: new URL(url),
      credentials: credentials ?? (() => Promise.resolve(undefined)),
      clock: systemClock,
    });
    this.#dispatcher = new Agent({
      connect: { timeout: 10_000 },
      headersTimeout: answerTimeout,
      bodyTimeout: answerTimeout,
    });
  }

  /** Throws CliError REGISTRY_UNREACHABLE when no answer came; any answer is given back. */
  async send(path: string | URL, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    const target = new URL(path, this.url);
    const { method } = options;
    const headers = await this.#headers(method, target);
    const answer = await this.#request(target, options, headers);
    // A body that streams is gone: the request before it, of the same scope, brought the token.
    const isStream = typeof options.body === 'object' && !(options.body instanceof Uint8Array);
    if (answer.statusCode !== 401 || isStream) return answer;
    const challenges = answer.headers['www-authenticate'];
    if (!(await this.#login.mayRetry(target, challenges, headers))) return answer;
    await answer.body.dump();
    return await this.#request(target, options, await this.#headers(method, target));
  }

  async #headers(method: string, target: URL): Promise<Readonly<Record<string, string>>> {
    try {
      return await this.#login.headers(method, target);
    } catch (error) {
      if (codeOf(error) !== 'UPSTREAM_REFUSED') throw error;
      throw new RegistryError(
        'UNAUTHORIZED',
        `Error response from registry: ${messageOf(error)}`,
        401,
      );
    }
  }

  async #request(
    target: URL,
    options: RequestOptions,
    login: Readonly<Record<string, string>>,
  ): Promise<Dispatcher.ResponseData> {
    try {
      const headers = { ...(options.headers as Readonly<Record<string, string>>), ...login };
      return await request(target, { ...options, headers, dispatcher: this.#dispatcher });
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isPassing(error) && codeOf(error) !== 'ENOTFOUND') throw error;
      const reason = messageOf(error) || codeOf(error);
      throw new CliError(
        'REGISTRY_UNREACHABLE',
        `the registry ${this.url} cannot be reached: ${reason}`,
        {
          cause: error,
          hint: 'Start one with `docket registry`, or name yours with -h/--host and -p/--port.',
        },
      );
    }
  }

  /** The error for an answer that was not hoped for; its body is read. `notFound` is what a 404 means. */
  async refusal(
    answer: Dispatcher.ResponseData,
    notFound: RegistryErrorCode = 'REGISTRY_FAILED',
  ): Promise<RegistryError> {
    const { statusCode } = answer;
    const { text, code } = await errorInBody(answer);
    const message = `Error response from registry: ${text}`;
    if (statusCode === 401) return new RegistryError('UNAUTHORIZED', message, statusCode);
    if (statusCode === 403) return new RegistryError('DENIED', message, statusCode);
    if (statusCode !== 404) return new RegistryError('REGISTRY_FAILED', message, statusCode);
    const unknown = code === 'NAME_UNKNOWN' ? 'NAME_UNKNOWN' : notFound;
    return new RegistryError(unknown, message, statusCode);
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
    await this.#login.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
