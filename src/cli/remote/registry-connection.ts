import { Agent, request, type Dispatcher } from 'undici';
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

  /** `url` without a slash at the end. */
  constructor(url: string) {
    this.url = url;
    this.#dispatcher = new Agent({
      connect: { timeout: 10_000 },
      headersTimeout: answerTimeout,
      bodyTimeout: answerTimeout,
    });
  }

  /** Throws CliError REGISTRY_UNREACHABLE when no answer came; any answer is given back. */
  async send(path: string | URL, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    const target = new URL(path, this.url);
    try {
      return await request(target, { ...options, dispatcher: this.#dispatcher });
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
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
