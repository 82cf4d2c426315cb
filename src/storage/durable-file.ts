import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { writeAll } from '../base/write-all.ts';
import { systemFiles, type Files } from './files.ts';

/** Makes a folder's list of names durable: new, renamed and removed files survive a power loss. */
export async function syncFolder(folder: string, files: Files = systemFiles): Promise<void> {
  await using handle = await files.open(folder, 'r');
  await handle.sync();
}

/**
 * Makes `folder` and its missing parents, durably. Throws what the system says.
 * (Node's own recursive `mkdir` goes round for ever where a parent takes no folder, as `/proc` does not.)
 */
export async function makeFolder(
  folder: string,
  mode = 0o777,
  files: Files = systemFiles,
): Promise<void> {
  const parent = dirname(folder);
  if (!(await isThere(parent, files))) await makeFolder(parent, mode, files);
  await makeFolderIn(parent, folder, mode, files);
}

/** Makes `folder` in `parent`, which must be there, durably. Throws what the system says. */
export async function makeFolderIn(
  parent: string,
  folder: string,
  mode = 0o777,
  files: Files = systemFiles,
): Promise<void> {
  try {
    await files.mkdir(folder, mode);
  } catch (error) {
    // It was there already, or somebody else made it meanwhile.
    if (codeOf(error) !== 'EEXIST' || !(await files.stat(folder)).isDirectory()) throw error;
  }
  // Also when it was there already: whoever made it may not have come to the sync yet.
  await syncFolder(parent, files);
}

async function isThere(path: string, files: Files): Promise<boolean> {
  return await files.stat(path).then(
    () => true,
    () => false,
  );
}

/** Moves a file, whose content is synced already, over `target`, durably. The folder must be there. */
export async function moveDurably(
  source: string,
  target: string,
  files: Files = systemFiles,
): Promise<void> {
  await files.rename(source, target);
  await syncFolder(dirname(target), files);
}

/** Replaces a file at once and durably: a reader sees the old content or the new one, also after a crash. */
export async function writeFileDurably(
  path: string,
  content: string | Uint8Array,
  files: Files = systemFiles,
  mode = 0o644,
): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    {
      await using handle = await files.open(temporary, 'wx', mode);
      await writeAll(handle, Buffer.from(content), 0);
      await handle.sync();
    }
    await moveDurably(temporary, path, files);
  } catch (error) {
    await files.rm(temporary, { force: true });
    throw error;
  }
}
