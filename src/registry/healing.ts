import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { digestAlgorithm } from '../oci/digest.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRecord } from '../storage/catalog.ts';
import type { Blobs } from './blobs.ts';
import { RunningHash } from './running-hash.ts';

/** Bytes that come from somewhere else. */
export interface FetchedBlob extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Somewhere else that may have a blob: the hosts of its swarm, or a registry that it came from. */
export interface BlobSource {
  /** As it is told to people: `the swarm`. */
  readonly name: string;
  /** The blob; undefined when it is not there. Whoever asks checks the bytes. Rejects with the signal's reason. */
  fetch(blob: BlobRecord, signal: AbortSignal): Promise<FetchedBlob | undefined>;
}

/** Gets blobs back that were found to be wrong, from whoever else has them. */
export class Healing {
  readonly #store: BlobStore;
  readonly #blobs: Blobs;
  readonly #log: Log;
  readonly #sources: BlobSource[] = [];
  readonly #closing = new AbortController();
  readonly #requested = new Set<string>();
  #working: Promise<unknown> = Promise.resolve();

  constructor(parts: { readonly store: BlobStore; readonly blobs: Blobs; readonly log: Log }) {
    this.#store = parts.store;
    this.#blobs = parts.blobs;
    this.#log = parts.log;
  }

  /** Asks this one too from now on, when those before had nothing. */
  add(source: BlobSource): void {
    this.#sources.push(source);
  }

  /** Heals the blob some time, one after another; a failure is only logged. */
  request(blob: BlobRecord): void {
    if (this.#requested.has(blob.digest) || this.#sources.length === 0) return;
    this.#requested.add(blob.digest);
    this.#working = this.#working
      .then(() => this.heal(blob, this.#closing.signal))
      .catch(() => {})
      .finally(() => this.#requested.delete(blob.digest));
  }

  /**
   * Fetches the blob from the first source that has it right, and stores it in place of what is here. Gives the source's name;
   * undefined when none has it. Throws the signal's reason and StorageError.
   */
  async heal(blob: BlobRecord, signal: AbortSignal): Promise<string | undefined> {
    const both = AbortSignal.any([signal, this.#closing.signal]);
    for (const source of this.#sources) {
      both.throwIfAborted();
      try {
        if (await this.#healFrom(source, blob, both)) return source.name;
      } catch (error) {
        both.throwIfAborted();
        this.#log.warn(
          { digest: blob.digest, source: source.name, error: messageOf(error) },
          'a blob could not be healed',
        );
      }
    }
    return undefined;
  }

  /** Resolves when nothing that was requested is left. */
  async settled(): Promise<void> {
    await this.#working;
  }

  /** Gives up what is being healed. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the registry is closing'));
    await this.#working;
  }

  async #healFrom(source: BlobSource, blob: BlobRecord, signal: AbortSignal): Promise<boolean> {
    await using fetched = await source.fetch(blob, signal);
    if (fetched === undefined) return false;
    const upload = await this.#store.createUpload();
    try {
      const hash = new RunningHash(digestAlgorithm(blob.digest));
      await upload.append(hashed(fetched.chunks, hash, signal));
      if (hash.digest() !== blob.digest || upload.size !== blob.size) {
        throw new Error('the bytes that came do not have the digest');
      }
      if (!(await this.#blobs.restore(upload, blob))) return false;
      this.#log.info({ digest: blob.digest, source: source.name }, 'healed a blob');
      return true;
    } finally {
      await upload.discard();
    }
  }
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: RunningHash,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    hash.update(chunk);
    yield chunk;
  }
}
