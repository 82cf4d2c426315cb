import { Agent, request, type Dispatcher } from 'undici';
import type { Readable } from 'node:stream';
import { codeOf, messageOf } from '../../base/errors.ts';
import { isJsonObject } from '../../oci/descriptor.ts';
import { CliError } from '../cli-error.ts';
import { errorInBody, headerOf, readBody } from '../remote/http-answer.ts';
import type { EngineAddress } from './engine-address.ts';
import { negotiateVersion } from './engine-version.ts';
import { readLoadAnswer } from './load-answer.ts';

const quickAnswer = 30_000;
const largestInspection = 16 * 1024 * 1024;

type RequestOptions = Omit<Dispatcher.RequestOptions, 'path' | 'origin' | 'signal'> & {
  readonly signal: AbortSignal;
};

/** The local container engine by Docker's API: dockerd, or podman's compatible service. */
export class EngineClient implements AsyncDisposable {
  readonly #address: EngineAddress;
  readonly #dispatcher: Agent;
  readonly #prefix: string;

  private constructor(address: EngineAddress, dispatcher: Agent, prefix: string) {
    this.#address = address;
    this.#dispatcher = dispatcher;
    this.#prefix = prefix;
  }

  /** Finds the engine and agrees on an API version. Throws CliError ENGINE_UNREACHABLE. */
  static async connect(address: EngineAddress, signal: AbortSignal): Promise<EngineClient> {
    const dispatcher = new Agent({
      connect: {
        timeout: 10_000,
        ...(address.kind === 'socket' ? { socketPath: address.path } : {}),
      },
    });
    try {
      const bare = new EngineClient(address, dispatcher, '');
      const answer = await bare.#send('/_ping', quick({ method: 'GET', signal }));
      await answer.body.dump();
      const version = negotiateVersion(headerOf(answer, 'api-version'));
      return new EngineClient(address, dispatcher, version === undefined ? '' : `/v${version}`);
    } catch (error) {
      await dispatcher.destroy();
      throw error;
    }
  }

  /** The ID of a local image by name or ID; undefined when the engine has none. */
  async imageId(name: string, signal: AbortSignal): Promise<string | undefined> {
    const path = `/images/${pathOf(name)}/json`;
    const answer = await this.#send(path, quick({ method: 'GET', signal }));
    if (answer.statusCode === 404) {
      await answer.body.dump();
      return undefined;
    }
    if (answer.statusCode !== 200) throw await refusal(answer);
    const value: unknown = JSON.parse(
      new TextDecoder().decode(await readBody(answer.body, largestInspection)),
    );
    const id = isJsonObject(value) ? value['Id'] : undefined;
    if (typeof id !== 'string') throw failed(`it told no ID of the image ${name}`);
    return id.startsWith('sha256:') ? id : `sha256:${id}`;
  }

  /** The image as `docker save` writes it. The engine may prepare it for long before the first byte comes. */
  async save(name: string, signal: AbortSignal): Promise<Readable> {
    const path = `/images/${pathOf(name)}/get`;
    const answer = await this.#send(path, unlimited({ method: 'GET', signal }));
    if (answer.statusCode !== 200) throw await refusal(answer);
    return answer.body;
  }

  /** Loads the images of a tar. Throws CliError ENGINE_FAILED, or what `tar` failed with. */
  async load(tar: Readable, signal: AbortSignal): Promise<void> {
    const options = unlimited({
      method: 'POST',
      headers: { 'content-type': 'application/x-tar' },
      body: tar,
      signal,
    });
    try {
      const answer = await this.#send('/images/load?quiet=1', options);
      if (answer.statusCode !== 200) throw await refusal(answer);
      await readLoadAnswer(answer.body);
    } finally {
      tar.destroy();
    }
  }

  /** Gives the image `id` one more name. */
  async tag(id: string, repository: string, tag: string, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ repo: repository, tag });
    const path = `/images/${pathOf(id)}/tag?${query.toString()}`;
    const answer = await this.#send(path, quick({ method: 'POST', signal }));
    if (answer.statusCode !== 201) throw await refusal(answer);
    await answer.body.dump();
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #send(path: string, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    const origin = this.#address.kind === 'http' ? this.#address.origin : 'http://docker';
    try {
      return await request(`${origin}${this.#prefix}${path}`, {
        ...options,
        dispatcher: this.#dispatcher,
      });
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isOfConnection(error)) throw error;
      throw new CliError(
        'ENGINE_UNREACHABLE',
        `the container engine at ${this.#address.text} cannot be used: ${messageOf(error) || codeOf(error)}`,
        {
          cause: error,
          hint: 'Is Docker running, and may you use it? DOCKER_HOST names another engine; --from and --output do without one.',
        },
      );
    }
  }
}

/** False for what went wrong with the bytes that were being sent. */
function isOfConnection(error: unknown): boolean {
  if (codeOf(error)?.startsWith('UND_ERR_') === true || error instanceof AggregateError)
    return true;
  const syscall = error instanceof Error && 'syscall' in error ? error.syscall : undefined;
  return syscall === 'connect' || syscall === 'write' || syscall === 'read';
}

function quick(options: RequestOptions): RequestOptions {
  return { ...options, headersTimeout: quickAnswer, bodyTimeout: quickAnswer };
}

/** For what takes as long as the image is large; the signal still ends it. */
function unlimited(options: RequestOptions): RequestOptions {
  return { ...options, headersTimeout: 0, bodyTimeout: 0 };
}

/** A name in a path: its slashes and colons stay as they are. */
function pathOf(name: string): string {
  return name
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@'))
    .join('/');
}

async function refusal(answer: Dispatcher.ResponseData): Promise<CliError> {
  return failed((await errorInBody(answer)).text);
}

function failed(text: string): CliError {
  return new CliError('ENGINE_FAILED', `Error response from the container engine: ${text}`);
}
