import { lstat, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../base/errors.ts';
import { makeFolder } from '../storage/durable-file.ts';
import { CliError } from './cli-error.ts';
import { folderFailure } from './folder-failure.ts';

const dayInMilliseconds = 86_400_000;

/**
 * Makes the client's folder, for its owner only, and removes what killed commands left in it. Throws CliError
 * FOLDER_UNUSABLE when it cannot be made, or when another user could swap what is in it, or it as a whole by a link.
 */
export async function prepareLocation(location: string): Promise<string> {
  const folder = path.resolve(location);
  const hint = 'Name another folder with -l/--location.';
  try {
    const present = await stat(folder).catch(() => undefined);
    if (present?.isDirectory() !== true) await makeFolder(folder, 0o700);
  } catch (error) {
    throw folderFailure(folder, error);
  }
  const own = process.getuid?.();
  if (own !== undefined) {
    const [link, found] = await Promise.all([lstat(folder), stat(folder)]);
    if ([link, found].some(({ uid }) => uid !== own && uid !== 0)) {
      throw new CliError('FOLDER_UNUSABLE', `the folder ${folder} belongs to another user`, {
        hint,
      });
    }
    if ((found.mode & 0o002) !== 0) {
      throw new CliError('FOLDER_UNUSABLE', `the folder ${folder} can be written by every user`, {
        hint: 'Name another folder with -l/--location, such as one inside it.',
      });
    }
  }
  try {
    await removeLeftovers(folder);
  } catch (error) {
    throw folderFailure(folder, error);
  }
  return folder;
}

/** Private temporary files of one command. Their names are numbers, never anything that was read somewhere. */
export class SpoolFolder implements AsyncDisposable {
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** A new folder in `location`, which must exist. */
  static async create(location: string): Promise<SpoolFolder> {
    return new SpoolFolder(await mkdtemp(path.join(location, `spool-${process.pid}-`)));
  }

  /** A path that no other file has. */
  next(): string {
    return path.join(this.#folder, String(this.#count++));
  }

  /** Removes the folder with all that is in it. */
  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A day's grace, since another machine's or container's process may use this folder under a number unknown here. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^spool-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const leftover = path.join(folder, name);
    const found = await stat(leftover).catch(() => undefined);
    if (found === undefined || Date.now() - found.mtimeMs < dayInMilliseconds) continue;
    await rm(leftover, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
