import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../base/errors.ts';

/** Makes a folder's list of names durable: new, renamed and removed files survive a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/**
 * Makes `folder` and its missing parents, durably. Throws what the system says.
 * (Node's own recursive `mkdir` goes round for ever where a parent takes no folder, as `/proc` does not.)
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  const parent = dirname(folder);
  if (!(await isThere(parent))) await makeFolder(parent, mode);
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    // It was there already, or somebody else made it meanwhile.
    if (codeOf(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  }
  // Also when it was there already: whoever made it may not have come to the sync yet.
  await syncFolder(parent);
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Moves a file, whose content is synced already, over `target`, durably. The folder must be there. */
export async function moveDurably(source: string, target: string): Promise<void> {
  await rename(source, target);
  await syncFolder(dirname(target));
}

/** Replaces a file at once and durably: a reader sees the old content or the new one, also after a crash. */
export async function writeFileDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await using handle = await open(temporary, 'wx', 0o644);
    await handle.writeFile(content);
    await handle.sync();
    await moveDurably(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
