import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { writeFileDurably } from './durable-file.ts';
import { systemFiles, type Files, type FileStatus } from './files.ts';
import { StorageError, storageFault } from './storage-error.ts';

const grammar = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/;

/**
 * Knows a folder by the id in its file `docket.id`. A volume that was unmounted leaves an empty folder at its place: what
 * is not there then is not gone, and what would be written there would be lost.
 */
export class FolderIdentity {
  readonly folder: string;
  /** All that its file holds: a line. */
  readonly id: string;
  readonly #marker: string;
  readonly #files: Files;
  #seen: FileStatus;

  private constructor(folder: string, id: string, seen: FileStatus, files: Files) {
    this.folder = folder;
    this.#marker = join(folder, 'docket.id');
    this.id = id;
    this.#seen = seen;
    this.#files = files;
  }

  /**
   * The identity of `folder`, which must be there; it gets one when it has none yet. With `mustExist` a folder without one
   * is refused. Throws StorageError.
   */
  static async open(
    folder: string,
    options: { readonly files?: Files; readonly mustExist?: boolean | undefined } = {},
  ): Promise<FolderIdentity> {
    const { files = systemFiles, mustExist = false } = options;
    const marker = join(folder, 'docket.id');
    try {
      let id = await readId(marker, files);
      if (id === undefined) {
        if (mustExist) {
          const message = `${folder} holds no registry: is its volume mounted?`;
          throw new StorageError('STORAGE_GONE', message);
        }
        id = `${randomUUID()}\n`;
        await writeFileDurably(marker, id, files);
      }
      return new FolderIdentity(folder, id, await files.stat(marker), files);
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw storageFault(`cannot use the folder ${folder}`, error);
    }
  }

  /** Throws StorageError STORAGE_GONE when the folder is not the one that was opened. */
  async expect(): Promise<void> {
    try {
      const status = await this.#files.stat(this.#marker);
      if (this.#isSeen(status)) return;
      // The same volume may have been mounted anew.
      if ((await readId(this.#marker, this.#files)) !== this.id) throw this.#gone();
      this.#seen = status;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw this.#gone(error);
      if (error instanceof StorageError) throw error;
      throw storageFault(`cannot look at the folder ${this.folder}`, error);
    }
  }

  /** As `expect`, for those who cannot wait; a volume that was mounted anew counts once `expect` has seen it. */
  expectNow(): void {
    const status = statSync(this.#marker, { throwIfNoEntry: false });
    if (status === undefined || !this.#isSeen(status)) throw this.#gone();
  }

  #isSeen({ dev, ino }: FileStatus): boolean {
    return dev === this.#seen.dev && ino === this.#seen.ino;
  }

  #gone(cause?: unknown): StorageError {
    const message = `${this.folder} is not the folder that was opened any more: is its volume mounted?`;
    return new StorageError('STORAGE_GONE', message, { cause });
  }
}

/** An empty file is what a power loss may leave of it: that is none. */
async function readId(marker: string, files: Files): Promise<string | undefined> {
  try {
    const text = await files.readText(marker);
    if (grammar.test(text) || text === '') return text === '' ? undefined : text;
    throw new StorageError('STORAGE_CORRUPT', `${marker} does not hold the id of a folder`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
