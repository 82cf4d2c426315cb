import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { sleep, type Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { RateLimiter } from '../../base/rate-limiter.ts';
import { digestAlgorithm, digestFromHex, type Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { isUnreachable, UpstreamError } from '../upstream/upstream-error.ts';
import { Changes } from './changes.ts';
import { FetchError } from './fetch-error.ts';
import { RateMeter } from './rate-meter.ts';

/** What a download over plain HTTP works with. */
export interface PlainDownloadParts {
  readonly upstream: Upstream;
  /** Limits what comes from the registry. */
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What to fetch, and whereto. */
export interface PlainDownloadTarget {
  readonly digest: Digest;
  /** Where the registry has it; the next is asked when one does not have it any more. */
  readonly repositories: ReadonlySet<Repository>;
  /** Bytes, when they are known. */
  readonly size: number | undefined;
  /** The file: what is in it already counts as the blob's beginning. */
  readonly path: string;
}

/** Without piece hashes, so many bytes at the end are not given out before the whole digest is right. */
export const heldBack = 256 * 1024;
/** Attempts without a single byte before a registry that had answered before is given up. */
const mostFailures = 6;
const chunkBytes = 1024 * 1024;

/**
 * One blob from the registry over plain HTTP, in order, to a file. Goes on with a range after a cut, also of an earlier
 * process. Readable while it runs, but for the end: so a client never gets a whole blob that is wrong.
 */
export class PlainDownload {
  readonly #parts: PlainDownloadParts;
  readonly #target: PlainDownloadTarget;
  readonly #changes = new Changes();
  readonly #rate: RateMeter;
  readonly #onAnswer: (size: number) => void;
  #handle: FileHandle | undefined;
  #hash: Hash;
  #size: number | undefined;
  #received = 0;
  #resumed = 0;
  #fromRegistry = 0;
  #generation = 0;
  #verified = false;
  #answered = false;
  #closed = false;

  /** `onAnswer` is called with the blob's size once the registry has begun to send it. */
  constructor(
    parts: PlainDownloadParts,
    target: PlainDownloadTarget,
    onAnswer: (size: number) => void,
  ) {
    this.#parts = parts;
    this.#target = target;
    this.#onAnswer = onAnswer;
    this.#rate = new RateMeter(parts.clock);
    this.#hash = createHash(digestAlgorithm(target.digest));
    this.#size = target.size;
  }

  /** Grows when all bytes so far turned out to be wrong. */
  get generation(): number {
    return this.#generation;
  }

  /** Bytes received by this download, those of broken attempts too. */
  get bytesFromRegistry(): number {
    return this.#fromRegistry;
  }

  get received(): number {
    return this.#received;
  }

  get resumed(): number {
    return this.#resumed;
  }

  get bytesPerSecond(): number {
    return this.#rate.bytesPerSecond;
  }

  /**
   * Resolves when the file holds the whole blob and its digest is right. Throws UpstreamError when the registry does not
   * have it or stays out of reach, FetchError FETCH_DIGEST_WRONG, or the signal's reason.
   */
  async run(signal: AbortSignal): Promise<void> {
    // Neither truncates nor appends: positions are given.
    this.#handle = await open(this.#target.path, 'a').then(async (made) => {
      await made.close();
      return await open(this.#target.path, 'r+');
    });
    await this.#readBeginning(signal);
    let failures = 0;
    let wrong = 0;
    const refused = new Set<Repository>();
    for (;;) {
      const before = this.#received;
      const repository = this.#firstBut(refused);
      try {
        await this.#receive(repository, signal);
        if (this.#digestIsRight()) break;
        // What an earlier process left may be wrong: that says nothing of the registry.
        if (this.#resumed === 0) wrong++;
        this.#parts.log.warn({ digest: this.#target.digest }, 'wrong bytes came; fetching again');
        await this.#startAnew();
        if (wrong === 2) {
          throw new FetchError(
            'FETCH_DIGEST_WRONG',
            `the registry sent other bytes than ${this.#target.digest} names`,
          );
        }
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof UpstreamError)) throw error;
        if (error.code === 'UPSTREAM_NOT_FOUND' || error.code === 'UPSTREAM_REFUSED') {
          refused.add(repository);
          if (refused.size === this.#target.repositories.size) throw error;
          continue;
        }
        failures = this.#received > before ? 1 : failures + 1;
        if (failures >= (this.#answered && isUnreachable(error) ? mostFailures : 2)) throw error;
        await sleep(this.#parts.clock, this.#pause(failures), signal);
      }
    }
    this.#verified = true;
    this.#changes.announce();
  }

  /**
   * Bytes from `offset`, at most `most`, as soon as they may be given out; undefined when the download was closed
   * meanwhile. Rejects with the signal's reason.
   */
  async read(offset: number, most: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    while (!this.#closed) {
      const length = Math.min(most, this.#readable() - offset);
      if (length > 0) {
        const bytes = Buffer.allocUnsafe(length);
        const { bytesRead } = await this.#opened().read(bytes, 0, length, offset);
        // None, when the download has just begun anew.
        if (bytesRead > 0) return bytes.subarray(0, bytesRead);
      }
      await this.#changes.next(signal);
    }
    return undefined;
  }

  /** Closes the file, when `run` has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#changes.announce();
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #readable(): number {
    if (this.#verified) return this.#received;
    return Math.min(this.#received, (this.#size ?? 0) - heldBack);
  }

  /** The hash's state does not outlive a process, so the beginning is read once more. */
  async #readBeginning(signal: AbortSignal): Promise<void> {
    const handle = this.#opened();
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, this.#received);
      if (bytesRead === 0) break;
      this.#hash.update(chunk.subarray(0, bytesRead));
      this.#received += bytesRead;
    }
    this.#resumed = this.#received;
  }

  async #receive(repository: Repository, signal: AbortSignal): Promise<void> {
    const { upstream } = this.#parts;
    const { digest } = this.#target;
    if (this.#received > 0) {
      this.#size ??= await upstream.headBlob(repository, digest, signal);
      if (this.#received > this.#size) await this.#startAnew();
      // A registry would answer that nothing is left to send with an error.
      if (this.#received > 0 && this.#received === this.#size) return this.#begin(this.#size);
    }
    const body = await upstream.getBlob(repository, digest, this.#received, signal);
    const size = body.size ?? this.#size ?? (await upstream.headBlob(repository, digest, signal));
    this.#begin(size);
    // A registry that knows no ranges sends the beginning once more.
    let skip = this.#received - body.offset;
    for await (const chunk of body.bytes) {
      await this.#parts.limiter.take(chunk.length);
      signal.throwIfAborted();
      this.#fromRegistry += chunk.length;
      this.#rate.add(chunk.length);
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      await this.#append(fresh, size);
    }
    if (this.#received < size) {
      throw new UpstreamError('UPSTREAM_UNREACHABLE', `the bytes of ${digest} broke off`);
    }
  }

  #begin(size: number): void {
    this.#size = size;
    this.#answered = true;
    this.#onAnswer(size);
  }

  async #append(bytes: Buffer, size: number): Promise<void> {
    if (this.#received + bytes.length > size) {
      throw new UpstreamError(
        'UPSTREAM_BAD_ANSWER',
        `more than ${size} bytes came of ${this.#target.digest}`,
      );
    }
    for (let written = 0; written < bytes.length;) {
      const rest = bytes.subarray(written);
      written += (await this.#opened().write(rest, 0, rest.length, this.#received + written))
        .bytesWritten;
    }
    this.#hash.update(bytes);
    this.#received += bytes.length;
    this.#changes.announce();
  }

  /** Another repository may be asked for while the download runs. */
  #firstBut(refused: ReadonlySet<Repository>): Repository {
    const [first] = [...this.#target.repositories].filter((repository) => !refused.has(repository));
    assert(first !== undefined);
    return first;
  }

  #digestIsRight(): boolean {
    const { digest } = this.#target;
    // A copy: the hash itself may have to go on.
    return digestFromHex(digestAlgorithm(digest), this.#hash.copy().digest('hex')) === digest;
  }

  async #startAnew(): Promise<void> {
    await this.#opened().truncate(0);
    this.#hash = createHash(digestAlgorithm(this.#target.digest));
    this.#received = 0;
    this.#resumed = 0;
    this.#generation++;
  }

  /** A little longer each time, and not the same for all hosts: they all lost the registry at the same moment. */
  #pause(failures: number): number {
    return Math.min(4000, 250 * 2 ** (failures - 1)) * (0.5 + this.#parts.random());
  }

  #opened(): FileHandle {
    if (this.#handle === undefined) throw new FetchError('FETCH_CLOSED', 'the download has ended');
    return this.#handle;
  }
}
