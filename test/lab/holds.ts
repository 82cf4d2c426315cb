import { glob, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** True when a file somewhere below the folder holds the bytes. */
export async function holds(folder: string, bytes: Uint8Array): Promise<boolean> {
  for await (const name of glob('**', { cwd: folder })) {
    const path = join(folder, name);
    const found = await stat(path);
    if (found.isFile() && (await readFile(path)).includes(Buffer.from(bytes))) return true;
  }
  return false;
}
