import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyRing } from '../../auth/key-ring.ts';
import { AuthError } from '../../auth/auth-error.ts';
import { every, type Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { writeFileDurably } from '../../storage/durable-file.ts';
import { systemFiles } from '../../storage/files.ts';
import { errorFields } from '../error-status.ts';

const rotateEvery = 3600_000;

export interface KeyFileParts {
  /** The registry's folder. */
  readonly location: string;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  readonly log: Log;
}

/** The registry's own keys, in `keys.json` of its folder, for its user's eyes only: made at the first start, renewed in time. */
export class KeyFile {
  readonly #parts: KeyFileParts;
  #ring: KeyRing;
  readonly #stop: () => void;
  #writing: Promise<void> = Promise.resolve();

  private constructor(parts: KeyFileParts, ring: KeyRing) {
    this.#parts = parts;
    this.#ring = ring;
    this.#stop = every(parts.clock, rotateEvery, () => {
      this.#writing = this.rotate().catch((error: unknown) => {
        parts.log.error(errorFields(error), "cannot renew the registry's keys");
      });
    });
  }

  /** Throws AuthError ACCESS_INVALID for a file that is damaged, and what the system says. */
  static async open(parts: KeyFileParts): Promise<KeyFile> {
    const path = pathIn(parts.location);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    const ring = text === undefined ? KeyRing.create(parts.wallTime()) : parseRing(path, text);
    const file = new KeyFile(parts, ring);
    if (text === undefined) await file.#write(ring);
    await file.rotate();
    return file;
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** Begins to sign with a new key when the one that signs is old. */
  async rotate(): Promise<void> {
    const ring = this.#ring.rotated(this.#parts.wallTime());
    if (ring === this.#ring) return;
    // A key that is not on the disk would be unknown after a restart.
    await this.#write(ring);
    this.#ring = ring;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#writing;
  }

  async #write(ring: KeyRing): Promise<void> {
    const text = `${JSON.stringify(ring.toJson(), undefined, 2)}\n`;
    await writeFileDurably(pathIn(this.#parts.location), text, systemFiles, 0o600);
  }
}

function pathIn(location: string): string {
  return join(location, 'keys.json');
}

function parseRing(path: string, text: string): KeyRing {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuthError('ACCESS_INVALID', `${path} is damaged`, { cause });
  }
  return KeyRing.fromJson(value);
}
