import assert from 'node:assert/strict';
import { sleep, type Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { RateLimiter } from '../../base/rate-limiter.ts';
import { digestAlgorithm, type Digest } from '../../oci/digest.ts';
import type { Repository } from '../../oci/reference.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { isUnreachable, UpstreamError } from '../upstream/upstream-error.ts';
import { Changes } from './changes.ts';
import { FetchError } from './fetch-error.ts';
import { GrowingFile } from './growing-file.ts';
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
  /** The file, as `GrowingFile` has it: what is in it already is the blob's beginning. */
  readonly path: string;
}

/** Without piece hashes, so many bytes at the end are not given out before the whole digest is right. */
export const heldBack = 256 * 1024;
/** Attempts without a single byte before a registry that had answered before is given up. */
const mostFailures = 6;
/** A registry that takes so many milliseconds to fail is away: that is no passing failure. */
const longFailure = 1500;

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
  #file: GrowingFile | undefined;
  #size: number | undefined;
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
    return this.#file?.length ?? 0;
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
    const { digest, path } = this.#target;
    const file = await GrowingFile.open(path, digestAlgorithm(digest), signal);
    this.#file = file;
    this.#resumed = file.length;
    this.#changes.announce();
    let failures = 0;
    let wrong = 0;
    const refused = new Set<Repository>();
    for (;;) {
      const before = file.length;
      const begun = this.#parts.clock.now();
      const repository = this.#firstBut(refused);
      try {
        await this.#receive(repository, file, signal);
        if (file.digest === digest) break;
        this.#parts.log.warn({ digest }, 'wrong bytes came; fetching again');
        await this.#startAnew(file);
        if (++wrong === 2) {
          throw new FetchError(
            'FETCH_DIGEST_WRONG',
            `the registry sent other bytes than ${digest} names`,
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
        failures = file.length > before ? 1 : failures + 1;
        const isAway = !this.#answered && this.#parts.clock.now() - begun > longFailure;
        const most = this.#answered && isUnreachable(error) ? mostFailures : 2;
        if (isAway || failures >= most) throw error;
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
  async read(
    offset: number,
    most: number,
    signal?: AbortSignal,
    into?: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    while (!this.#closed) {
      const length = Math.min(most, this.#readable() - offset);
      if (this.#file === undefined || length <= 0) {
        await this.#changes.next(signal);
        continue;
      }
      const bytes = await this.#file.read(offset, length, into);
      if (bytes.length > 0) return bytes;
      // None, when the download has just begun anew.
      if (this.#readable() > offset) {
        throw new FetchError('FETCH_BYTES_WRONG', `${this.#target.path} was cut by somebody else`);
      }
    }
    return undefined;
  }

  /** Closes the file, when `run` has ended. One that is not whole waits for the next download. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#changes.announce();
    await (this.#verified ? this.#file?.finish() : this.#file?.close());
  }

  #readable(): number {
    if (this.#verified) return this.received;
    return Math.min(this.received, (this.#size ?? 0) - heldBack);
  }

  async #receive(repository: Repository, file: GrowingFile, signal: AbortSignal): Promise<void> {
    const { upstream } = this.#parts;
    const { digest } = this.#target;
    if (file.length > 0) {
      this.#size ??= await upstream.headBlob(repository, digest, signal);
      if (file.length > this.#size) await this.#startAnew(file);
      // A registry would answer that nothing is left to send with an error.
      if (file.length > 0 && file.length === this.#size) return this.#begin(this.#size);
    }
    const body = await upstream.getBlob(repository, digest, file.length, signal);
    const size = body.size ?? this.#size ?? (await upstream.headBlob(repository, digest, signal));
    this.#begin(size);
    // A registry that knows no ranges sends the beginning once more.
    let skip = file.length - body.offset;
    for await (const chunk of body.bytes) {
      await this.#parts.limiter.take(chunk.length);
      signal.throwIfAborted();
      this.#fromRegistry += chunk.length;
      this.#rate.add(chunk.length);
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      await this.#append(file, fresh, size);
    }
    if (file.length < size) {
      throw new UpstreamError('UPSTREAM_UNREACHABLE', `the bytes of ${digest} broke off`);
    }
  }

  #begin(size: number): void {
    this.#size = size;
    this.#answered = true;
    this.#onAnswer(size);
  }

  async #append(file: GrowingFile, bytes: Buffer, size: number): Promise<void> {
    if (file.length + bytes.length > size) {
      throw new UpstreamError(
        'UPSTREAM_BAD_ANSWER',
        `more than ${size} bytes came of ${this.#target.digest}`,
      );
    }
    await file.append(bytes);
    this.#changes.announce();
  }

  /** Another repository may be asked for while the download runs. */
  #firstBut(refused: ReadonlySet<Repository>): Repository {
    const [first] = [...this.#target.repositories].filter((repository) => !refused.has(repository));
    assert(first !== undefined);
    return first;
  }

  async #startAnew(file: GrowingFile): Promise<void> {
    this.#resumed = 0;
    this.#generation++;
    await file.restart();
  }

  /** A little longer each time, and not the same for all hosts: they all lost the registry at the same moment. */
  #pause(failures: number): number {
    return Math.min(4000, 250 * 2 ** (failures - 1)) * (0.5 + this.#parts.random());
  }
}
