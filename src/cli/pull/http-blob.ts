import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { request, type Dispatcher } from 'undici';
import { messageOf } from '../../base/errors.ts';
import { writeAll } from '../../base/write-all.ts';
import type { RegistryLogin } from '../../agent/upstream/registry-login.ts';
import { digestAlgorithm, digestHex } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { CliError } from '../cli-error.ts';
import { errorInBody, headerOf } from '../remote/http-answer.ts';

export interface HttpBlobOptions {
  /** Addresses of the blob, the best first; the next is tried when one fails for good. */
  readonly urls: readonly string[];
  readonly dispatcher: Dispatcher;
  /** Who we are at the registry, when it is among the addresses. */
  readonly login?: RegistryLogin | undefined;
  /** A file that does not exist. */
  readonly path: string;
  /** Called with the number of bytes so far. */
  readonly onBytes: (bytes: number) => void;
  /** Called when an address is given up. */
  readonly onFailure: (url: string, reason: string) => void;
  readonly signal: AbortSignal;
}

/** Bytes of a blob that are on the disk, with the hash over them. */
interface Partial {
  readonly file: FileHandle;
  hash: Hash;
  length: number;
}

/** The disk refused what had come: no address gives anything better. */
class DiskFailure extends Error {
  constructor(cause: unknown) {
    super('the disk refuses', { cause });
  }
}

/** How often one address may fail without a byte. */
const mostFailures = 3;
const pause = 500;

/**
 * Fetches a blob over HTTP into a file, going on where a broken connection left off, and verifies it. Throws CliError
 * REGISTRY_FAILED when no address gives it, WRONG_CONTENT when the last one gives something else, or what the disk says.
 */
export async function fetchHttpBlob(blob: Descriptor, options: HttpBlobOptions): Promise<void> {
  const { urls, path, onFailure, signal } = options;
  await using file = await open(path, 'wx', 0o600);
  const partial = { file, hash: createHash(digestAlgorithm(blob.digest)), length: 0 };
  let failure: unknown;
  for (const url of urls) {
    let isMixed = partial.length > 0;
    for (let failures = 0; failures < mostFailures;) {
      const before = partial.length;
      try {
        signal.throwIfAborted();
        await receive(url, blob, partial, options);
        verify(url, blob, partial);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof DiskFailure) throw error.cause;
        failure = error;
        if (error instanceof CliError && error.code !== 'WRONG_CONTENT') break;
        if (error instanceof CliError) {
          await restart(blob, partial);
          if (!isMixed) break;
          // The address before may have sent what is wrong.
          isMixed = false;
          continue;
        }
        failures = partial.length > before ? 1 : failures + 1;
        await delay(pause * failures, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
    onFailure(url, messageOf(failure));
  }
  if (failure instanceof CliError) throw failure;
  throw new CliError(
    'REGISTRY_FAILED',
    `the blob ${blob.digest} cannot be had: ${messageOf(failure)}`,
    {
      cause: failure,
    },
  );
}

async function receive(
  url: string,
  blob: Descriptor,
  partial: Partial,
  options: HttpBlobOptions,
): Promise<void> {
  const { onBytes } = options;
  if (partial.length === blob.size) return;
  const range = partial.length === 0 ? {} : { range: `bytes=${partial.length}-` };
  const answer = await ask(new URL(url), range, options);
  if (answer.statusCode === 200) await restart(blob, partial);
  else if (answer.statusCode !== 206 || !continues(answer, partial.length)) {
    const { text } = await errorInBody(answer);
    throw new CliError('REGISTRY_FAILED', `the blob ${blob.digest} cannot be had: ${text}`);
  }
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    if (partial.length + chunk.length > blob.size) throw tooLong(url, blob);
    await writeAll(partial.file, chunk, partial.length).catch((error: unknown) => {
      throw new DiskFailure(error);
    });
    partial.hash.update(chunk);
    partial.length += chunk.length;
    onBytes(partial.length);
  }
  if (partial.length < blob.size) throw new Error('the connection ended early');
}

/** Once more, when the registry wants to know who asks. */
async function ask(
  url: URL,
  range: Readonly<Record<string, string>>,
  { dispatcher, login, signal }: HttpBlobOptions,
): Promise<Dispatcher.ResponseData> {
  const send = (own: Readonly<Record<string, string>>): Promise<Dispatcher.ResponseData> =>
    request(url, { dispatcher, method: 'GET', headers: { ...range, ...own }, signal });
  if (login === undefined) return await send({});
  const headers = await login.headers('GET', url);
  const answer = await send(headers);
  if (answer.statusCode !== 401) return answer;
  if (!(await login.mayRetry(url, answer.headers['www-authenticate'], headers))) return answer;
  await answer.body.dump();
  return await send(await login.headers('GET', url));
}

async function restart(blob: Descriptor, partial: Partial): Promise<void> {
  if (partial.length === 0) return;
  await partial.file.truncate(0);
  partial.hash = createHash(digestAlgorithm(blob.digest));
  partial.length = 0;
}

function verify(url: string, blob: Descriptor, partial: Partial): void {
  const hex = partial.hash.copy().digest('hex');
  if (hex === digestHex(blob.digest)) return;
  throw new CliError(
    'WRONG_CONTENT',
    `${new URL(url).origin} sent ${digestAlgorithm(blob.digest)}:${hex} (expected ${blob.digest})`,
  );
}

function continues(answer: Dispatcher.ResponseData, from: number): boolean {
  return (headerOf(answer, 'content-range') ?? '').startsWith(`bytes ${from}-`);
}

function tooLong(url: string, blob: Descriptor): CliError {
  return new CliError(
    'WRONG_CONTENT',
    `${new URL(url).origin} sent more than the ${blob.size} bytes of ${blob.digest}`,
  );
}
