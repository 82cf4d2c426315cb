import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import { digestAlgorithm, digestOf, type Digest } from '../oci/digest.ts';
import type { Repository } from '../oci/reference.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRecord, Catalog, Problem } from '../storage/catalog.ts';
import type { Damage } from './damage.ts';
import { examine } from './examine.ts';
import type { Healing } from './healing.ts';

/** Something that was found to be wrong. */
export interface BadContent {
  readonly kind: 'blob' | 'manifest';
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly problem: Problem;
  /** Some of the repositories that hold it. */
  readonly repositories: readonly Repository[];
  /** Where it was got back from; undefined when it was not. */
  readonly healedFrom: string | undefined;
}

/** How far a verification is. */
export interface VerificationStatus {
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
  readonly repair: boolean;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Numbers of blobs and their bytes; `total` as it was at the start. */
  readonly blobs: { readonly total: number; readonly checked: number };
  readonly bytes: { readonly total: number; readonly checked: number };
  readonly manifests: { readonly checked: number };
  readonly badCount: number;
  readonly healedCount: number;
  /** The first thousand of what is bad. */
  readonly bad: readonly BadContent[];
  /** Why it failed. */
  readonly error: string | undefined;
}

export interface VerificationOptions {
  /** Get back what is bad, from wherever it can be had. */
  readonly repair: boolean;
  /** How fast blobs are read. */
  readonly limiter: RateLimiter;
}

const pageSize = 500;
const mostListed = 1000;
const mostRepositories = 10;

/** Reads all that the registry holds, and looks whether it is what it should be. One at a time. */
export class Verification {
  readonly #store: BlobStore;
  readonly #catalog: Catalog;
  readonly #damage: Damage;
  readonly #healing: Healing;
  readonly #log: Log;
  readonly #wallTime: () => number;
  #run: Run | undefined;

  constructor(parts: {
    readonly store: BlobStore;
    readonly catalog: Catalog;
    readonly damage: Damage;
    readonly healing: Healing;
    readonly log: Log;
    /** Milliseconds since 1970. */
    readonly wallTime: () => number;
  }) {
    this.#store = parts.store;
    this.#catalog = parts.catalog;
    this.#damage = parts.damage;
    this.#healing = parts.healing;
    this.#log = parts.log;
    this.#wallTime = parts.wallTime;
  }

  /** The one that runs, or the last one; undefined when there was none. */
  get status(): VerificationStatus | undefined {
    return this.#run?.status;
  }

  /** Resolves when none runs. */
  get ended(): Promise<void> {
    return this.#run?.ended ?? Promise.resolve();
  }

  /** Begins one; false when one runs already. */
  start(options: VerificationOptions): boolean {
    if (this.#run?.status.state === 'running') return false;
    const run = new Run(options.repair, this.#wallTime());
    this.#run = run;
    run.ended = this.#verify(run, options).then(
      () => run.end('done', this.#wallTime()),
      (error: unknown) => {
        if (run.signal.aborted) return run.end('cancelled', this.#wallTime());
        this.#log.error({ error: messageOf(error) }, 'the verification failed');
        return run.end('failed', this.#wallTime(), messageOf(error));
      },
    );
    return true;
  }

  /** Ends the one that runs, and waits until nothing is read any more. */
  async cancel(): Promise<void> {
    this.#run?.cancel();
    await this.ended;
  }

  async #verify(run: Run, options: VerificationOptions): Promise<void> {
    const { count, bytes } = await this.#catalog.blobs.totals();
    run.total(count, bytes);
    for (let after: Digest | undefined; ;) {
      const page = await this.#catalog.blobs.list({ after, limit: pageSize });
      for (const blob of page) {
        await this.#verifyBlob(run, blob, options);
        run.checkedBlob();
      }
      after = page.at(-1)?.digest;
      if (after === undefined) break;
    }
    for (let after: Repository | undefined; ;) {
      const page = await this.#catalog.garbage.repositories({ after, limit: pageSize });
      for (const repository of page) await this.#verifyManifests(run, repository);
      after = page.at(-1);
      if (after === undefined) break;
    }
  }

  async #verifyBlob(run: Run, blob: BlobRecord, options: VerificationOptions): Promise<void> {
    const { limiter, repair } = options;
    const seems = await examine(this.#store, blob, limiter, run.signal, (read) => run.read(read));
    if (seems === undefined) return;
    const problem = await this.#damage.confirm(blob, run.signal);
    if (problem === undefined) return;
    const repositories = await this.#catalog.blobs.holders(blob.digest, mostRepositories);
    const healedFrom = repair ? await this.#healing.heal(blob, run.signal) : undefined;
    run.found({ kind: 'blob', ...blob, problem, repositories, healedFrom });
  }

  async #verifyManifests(run: Run, repository: Repository): Promise<void> {
    for (let after: Digest | undefined; ;) {
      run.signal.throwIfAborted();
      const page = await this.#catalog.garbage.manifests(repository, { after, limit: 50 });
      const digests = page.map(({ digest }) => digest);
      for (const { digest, bytes } of await this.#catalog.manifests.findAll(repository, digests)) {
        run.checkedManifest();
        if (digestOf(digestAlgorithm(digest), bytes) === digest) continue;
        run.found({
          kind: 'manifest',
          digest,
          size: bytes.length,
          problem: 'damaged',
          repositories: [repository],
          healedFrom: undefined,
        });
      }
      after = page.at(-1)?.digest;
      if (after === undefined) return;
    }
  }
}

/** One verification's figures. */
class Run {
  ended: Promise<void> = Promise.resolve();
  readonly #abort = new AbortController();
  readonly #bad: BadContent[] = [];
  #status: VerificationStatus;

  constructor(repair: boolean, startedAt: number) {
    this.#status = {
      state: 'running',
      repair,
      startedAt,
      endedAt: undefined,
      blobs: { total: 0, checked: 0 },
      bytes: { total: 0, checked: 0 },
      manifests: { checked: 0 },
      badCount: 0,
      healedCount: 0,
      bad: this.#bad,
      error: undefined,
    };
  }

  get status(): VerificationStatus {
    return this.#status;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  cancel(): void {
    this.#abort.abort(new Error('the verification was cancelled'));
  }

  total(count: number, bytes: number): void {
    this.#change({
      blobs: { ...this.#status.blobs, total: count },
      bytes: { ...this.#status.bytes, total: bytes },
    });
  }

  read(count: number): void {
    const { total, checked } = this.#status.bytes;
    this.#change({ bytes: { total, checked: checked + count } });
  }

  checkedBlob(): void {
    const { total, checked } = this.#status.blobs;
    this.#change({ blobs: { total, checked: checked + 1 } });
  }

  checkedManifest(): void {
    this.#change({ manifests: { checked: this.#status.manifests.checked + 1 } });
  }

  found(bad: BadContent): void {
    if (this.#bad.length < mostListed) this.#bad.push(bad);
    const { badCount, healedCount } = this.#status;
    const healed = bad.healedFrom === undefined ? 0 : 1;
    this.#change({ badCount: badCount + 1, healedCount: healedCount + healed });
  }

  end(state: 'done' | 'cancelled' | 'failed', endedAt: number, error?: string): void {
    this.#change({ state, endedAt, error });
  }

  #change(changes: Partial<VerificationStatus>): void {
    this.#status = { ...this.#status, ...changes };
  }
}
