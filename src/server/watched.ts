import { stat } from 'node:fs/promises';
import { every, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { errorFields } from './error-status.ts';

/**
 * Milliseconds between looks. Files are looked at, not watched: what Kubernetes mounts changes by a link of a folder far
 * above, and network file systems tell nobody.
 */
const lookEvery = 2_000;

export interface WatchedParts<T> {
  /** Reads the files; rejects when they cannot be used. */
  readonly read: () => Promise<T>;
  /** The files that it was read from. */
  readonly paths: (value: T) => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** What the log says when they were read again, and when they could not be. */
  readonly again: string;
  readonly failed: string;
  /** What the log tells of it. */
  readonly fields: (value: T) => object;
}

/**
 * What was read from files, and is read again whenever one of them is another than before, until it is closed. What cannot be
 * used leaves what was before.
 */
export class Watched<T> {
  readonly #parts: WatchedParts<T>;
  readonly #stop: () => void;
  #current: T;
  #changed: (value: T) => void = () => {};
  #seen: string | undefined;
  #looking: Promise<void> | undefined;

  private constructor(parts: WatchedParts<T>, value: T) {
    this.#parts = parts;
    this.#current = value;
    this.#stop = every(parts.clock, lookEvery, () => void this.look());
  }

  /** Rejects as `read` does. */
  static async open<T>(parts: WatchedParts<T>): Promise<Watched<T>> {
    const watched = new Watched(parts, await parts.read());
    watched.#seen = await watched.#state();
    return watched;
  }

  get current(): T {
    return this.#current;
  }

  /** `changed` hears of what is read from now on. */
  onChange(changed: (value: T) => void): void {
    this.#changed = changed;
  }

  /** Reads the files now, whether they changed or not. Never rejects. */
  async reload(): Promise<void> {
    // Before they are read: what changes meanwhile is found by the next look.
    this.#seen = await this.#state();
    await this.#read();
  }

  /** Looks now. Never rejects. */
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

  async #read(): Promise<void> {
    const { read, log, again, failed, fields } = this.#parts;
    try {
      this.#current = await read();
      this.#changed(this.#current);
      log.info(fields(this.#current), again);
    } catch (error) {
      // While several files are replaced they may not fit for a moment: the next change is looked at, too.
      log.error(errorFields(error), failed);
    }
  }

  async #state(): Promise<string> {
    const states = this.#parts.paths(this.#current).map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found && [found.dev, found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ');
    });
    return (await Promise.all(states)).join('\n');
  }
}
