import { stat } from 'node:fs/promises';
import { every, type Clock } from '../../base/clock.ts';

/**
 * Milliseconds between looks. Files are looked at, not watched: what Kubernetes mounts changes by a link of a folder far
 * above, and network file systems tell nobody.
 */
const lookEvery = 2_000;

/** Calls `changed` whenever one of the files is another than before, until it is closed. */
export class WatchedFiles {
  readonly #paths: () => readonly string[];
  readonly #changed: () => Promise<void>;
  readonly #stop: () => void;
  #seen: string | undefined;
  #looking: Promise<void> | undefined;

  /** `changed` must not reject. */
  constructor(paths: () => readonly string[], changed: () => Promise<void>, clock: Clock) {
    this.#paths = paths;
    this.#changed = changed;
    this.#stop = every(clock, lookEvery, () => void this.look());
  }

  /** How the files are now is how they were read. Call it before they are read. */
  async mark(): Promise<void> {
    this.#seen = await this.#state();
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
    await this.#changed();
  }

  async #state(): Promise<string> {
    const states = this.#paths().map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found && [found.dev, found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ');
    });
    return (await Promise.all(states)).join('\n');
  }
}
