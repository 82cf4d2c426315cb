import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Credentials } from '../../agent/upstream/registry-login.ts';
import { digestAlgorithm, digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import { acceptManifests, essenceOf } from '../../oci/media-type.ts';
import type { Repository } from '../../oci/reference.ts';
import { CliError } from '../cli-error.ts';
import type { SourceBlob, SourceManifest } from '../image/image-source.ts';
import { checkedBytes } from './checked-bytes.ts';
import { headerOf, nextPage, readBody } from './http-answer.ts';
import { parseImageList, type ListedImage } from './image-list.ts';
import { RegistryConnection } from './registry-connection.ts';
import { RegistryError } from './registry-error.ts';
import { withRetry } from './retry.ts';

const quickAnswer = 2000;
const largestManifest = 4 * 1024 * 1024;
const largestList = 256 * 1024 * 1024;

/** A registry flushes a blob to its disk before it answers; a large one may take its time. */
const storeTimeout = 10 * 60_000;
/** A registry as `docket push`, `pull` and `images` see it (distribution-spec). Passing failures are tried again. */
export class RegistryClient implements AsyncDisposable {
  readonly #connection: RegistryConnection;

  /** `url` without a slash at the end; `credentials` are asked for when the registry wants some. */
  constructor(url: string, credentials?: () => Promise<Credentials | undefined>) {
    this.#connection = new RegistryConnection(url, credentials);
  }

  get url(): string {
    return this.#connection.url;
  }

  /** Makes sure, once and without trying again, that a registry answers (distribution-spec end-1). */
  async ping(signal: AbortSignal): Promise<void> {
    const answer = await this.#connection.send('/v2/', { method: 'GET', signal });
    if (answer.statusCode !== 200) throw await this.#connection.refusal(answer);
    await answer.body.dump();
  }

  /** Whether a registry answers at all within 2 s, whatever it says. */
  async answers(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(quickAnswer);
      const answer = await this.#connection.send('/v2/', { method: 'GET', signal });
      await answer.body.dump();
      return true;
    } catch {
      return false;
    }
  }

  /** Whether the repository holds the blob (end-2). */
  async hasBlob(repository: Repository, digest: Digest, signal: AbortSignal): Promise<boolean> {
    return withRetry(signal, async () => {
      const path = `/v2/${repository}/blobs/${digest}`;
      const answer = await this.#connection.send(path, { method: 'HEAD', signal });
      await answer.body.dump();
      if (answer.statusCode === 200) return true;
      if (answer.statusCode === 404) return false;
      throw await this.#connection.refusal(answer, 'BLOB_UNKNOWN');
    });
  }

  /** Sends a blob in one request (end-4a, end-6), from its beginning again after a passing failure. */
  async pushBlob(
    repository: Repository,
    blob: SourceBlob,
    signal: AbortSignal,
    onSent: (bytes: number) => void,
  ): Promise<void> {
    await withRetry(signal, async () => {
      onSent(0);
      const location = await this.#startUpload(repository, signal);
      location.searchParams.set('digest', blob.digest);
      const file = blob.open();
      try {
        const answer = await this.#connection.send(location, {
          method: 'PUT',
          headers: {
            'content-type': 'application/octet-stream',
            'content-length': String(blob.size),
          },
          body: checkedBytes(file, blob, onSent) as unknown as Readable,
          headersTimeout: storeTimeout,
          signal,
        });
        if (answer.statusCode !== 201) throw await this.#connection.refusal(answer);
        await answer.body.dump();
      } finally {
        file.destroy();
      }
    });
  }

  /** The digest that a tag stands for (end-3); undefined when there is none, or the registry does not say. */
  async tagDigest(
    repository: Repository,
    tag: string,
    signal: AbortSignal,
  ): Promise<Digest | undefined> {
    return withRetry(signal, async () => {
      const answer = await this.#connection.send(`/v2/${repository}/manifests/${tag}`, {
        method: 'HEAD',
        headers: { accept: acceptManifests },
        signal,
      });
      await answer.body.dump();
      if (answer.statusCode === 404) return undefined;
      if (answer.statusCode !== 200)
        throw await this.#connection.refusal(answer, 'MANIFEST_UNKNOWN');
      const digest = headerOf(answer, 'docker-content-digest') ?? '';
      return isDigest(digest) ? digest : undefined;
    });
  }

  /** Stores a manifest under a tag or its digest (end-7). */
  async pushManifest(
    repository: Repository,
    reference: string,
    manifest: SourceManifest,
    signal: AbortSignal,
  ): Promise<void> {
    await withRetry(signal, async () => {
      const answer = await this.#connection.send(`/v2/${repository}/manifests/${reference}`, {
        method: 'PUT',
        headers: { 'content-type': manifest.mediaType },
        body: manifest.bytes,
        signal,
      });
      if (answer.statusCode !== 201) throw await this.#connection.refusal(answer);
      await answer.body.dump();
      const stored = headerOf(answer, 'docker-content-digest');
      if (stored !== undefined && stored !== manifest.digest) {
        throw new CliError(
          'WRONG_CONTENT',
          `the registry stored the manifest as ${stored} (sent was ${manifest.digest})`,
        );
      }
    });
  }

  /** A manifest by tag or digest (end-3). One that was asked for by digest is verified. */
  async manifest(
    repository: Repository,
    reference: string,
    signal: AbortSignal,
  ): Promise<SourceManifest> {
    return withRetry(signal, async () => {
      const answer = await this.#connection.send(`/v2/${repository}/manifests/${reference}`, {
        method: 'GET',
        headers: { accept: acceptManifests },
        signal,
      });
      if (answer.statusCode !== 200)
        throw await this.#connection.refusal(answer, 'MANIFEST_UNKNOWN');
      const bytes = await readBody(answer.body, largestManifest);
      const promised = isDigest(reference) ? reference : headerOf(answer, 'docker-content-digest');
      const algorithm =
        promised !== undefined && isDigest(promised) ? digestAlgorithm(promised) : 'sha256';
      const digest = digestOf(algorithm, bytes);
      if (promised !== undefined && digest !== promised) {
        throw new CliError(
          'WRONG_CONTENT',
          `the registry sent a manifest with the digest ${digest} (expected ${promised})`,
        );
      }
      return { digest, mediaType: essenceOf(headerOf(answer, 'content-type') ?? ''), bytes };
    });
  }

  /** Every tag that the registry holds, sorted by repository and tag. */
  async images(signal: AbortSignal): Promise<readonly ListedImage[]> {
    const images: ListedImage[] = [];
    for (let path: string | undefined = '/api/v1/images'; path !== undefined;) {
      const answer: Dispatcher.ResponseData = await this.#connection.send(path, {
        method: 'GET',
        signal,
      });
      if (answer.statusCode !== 200) throw await this.#connection.refusal(answer);
      images.push(...parseImageList(await readBody(answer.body, largestList)));
      path = nextPage(answer);
    }
    return images;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #startUpload(repository: Repository, signal: AbortSignal): Promise<URL> {
    const path = `/v2/${repository}/blobs/uploads/`;
    const answer = await this.#connection.send(path, {
      method: 'POST',
      headers: { 'content-length': '0' },
      signal,
    });
    if (answer.statusCode !== 202) throw await this.#connection.refusal(answer);
    await answer.body.dump();
    const location = headerOf(answer, 'location');
    const base = new URL(path, this.url);
    if (location === undefined || !URL.canParse(location, base.href)) {
      throw new RegistryError('REGISTRY_FAILED', 'the registry named no place to upload to', 202);
    }
    return new URL(location, base);
  }
}
