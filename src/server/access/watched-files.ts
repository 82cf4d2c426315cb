import { stat } from 'node:fs/promises';
import { every, type Clock } from '../../base/clock.ts';

/**
 * Milliseconds between looks. Files are looked at, not watched: what Kubernetes mounts changes by a link of a folder far
 * above, and network file systems tell nobody.
 */
const lookEvery = 2_000;

/** Reads files again whenever one of them is another than before, until it is closed. */
export class WatchedFiles {
  readonly #paths: () => readonly string[];
  readonly #read: () => Promise<void>;
  readonly #stop: () => void;
  #seen: string | undefined;
  #looking: Promise<void> | undefined;

  /** `read` must not reject. */
  constructor(paths: () => readonly string[], read: () => Promise<void>, clock: Clock) {
    this.#paths = paths;
    this.#read = read;
    this.#stop = every(clock, lookEvery, () => void this.look());
  }

  /** How the files are now is how they were read. */
  async mark(): Promise<void> {
    this.#seen = await this.#state();
  }

  /** Reads them now, whether they changed or not. */
  async reload(): Promise<void> {
    // Before they are read: what changes meanwhile is found by the next look.
    await this.mark();
    await this.#read();
  }

  /** Looks now. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const state = await this.#state();
    if (state === this.#seen) return;
    this.#seen = state;
    await this.#read();
  }

  async #state(): Promise<string> {
    const states = this.#paths().map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found && [found.dev, found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ');
    });
    return (await Promise.all(states)).join('\n');
  }
}
