import { sleep, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { writeFileDurably } from '../storage/durable-file.ts';
import type { InfoHash } from '../torrent/ids.ts';
import type { SeedAnnouncer } from './seeding.ts';

export interface WhitelistOptions {
  readonly path: string;
  /** Tells the tracker to read the file again; may reject. */
  readonly reload: (signal: AbortSignal) => Promise<void>;
  /** Where the seeds are announced once the tracker knows them. */
  readonly next: SeedAnnouncer;
  readonly clock: Clock;
  readonly log: Log;
}

/** Changes within this many milliseconds are written together: a push brings many blobs at once. */
const gathering = 200;
/** Milliseconds to wait before a failed write is tried again. */
const retryAfter = 10_000;

/**
 * Keeps the whitelist file of a tracker such as opentracker, which serves only what is listed: one info hash a line. A
 * seed is listed, and the tracker told, before it is announced. The file belongs to the registry: it holds the
 * registry's torrents and nothing else.
 */
export class WhitelistAnnouncer implements SeedAnnouncer {
  readonly #options: WhitelistOptions;
  readonly #listed = new Set<InfoHash>();
  readonly #closing = new AbortController();
  /** Listed, but not announced yet. */
  readonly #fresh = new Set<InfoHash>();
  #writing: Promise<void> | undefined;
  #changed = false;

  constructor(options: WhitelistOptions) {
    this.#options = options;
  }

  add(infoHashes: readonly InfoHash[]): void {
    for (const infoHash of infoHashes) {
      this.#listed.add(infoHash);
      this.#fresh.add(infoHash);
    }
    this.#change();
  }

  remove(infoHash: InfoHash): void {
    this.#listed.delete(infoHash);
    this.#fresh.delete(infoHash);
    this.#options.next.remove(infoHash);
    this.#change();
  }

  /** Stops writing and waits for what is under way. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the registry is closing'));
    await this.#writing;
  }

  #change(): void {
    this.#changed = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#changed && !this.#closing.signal.aborted) this.#change();
    });
  }

  async #write(): Promise<void> {
    const { path, clock, log, next, reload } = this.#options;
    const { signal } = this.#closing;
    let wait = gathering;
    while (this.#changed && !signal.aborted) {
      try {
        await sleep(clock, wait, signal);
        this.#changed = false;
        const written = [...this.#fresh];
        const lines = [...this.#listed].toSorted().map((infoHash) => `${infoHash}\n`);
        await writeFileDurably(path, lines.join(''));
        await reload(signal).catch((error: unknown) => {
          log.warn({ error: messageOf(error) }, 'the command that reloads the tracker failed');
        });
        next.add(written.filter((infoHash) => this.#fresh.delete(infoHash)));
        wait = gathering;
      } catch (error) {
        if (signal.aborted) return;
        log.error({ path, error: messageOf(error) }, 'cannot write the whitelist of the tracker');
        this.#changed = true;
        wait = retryAfter;
      }
    }
  }
}
