import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** Makes `folder`, and removes what a crash left half written in it. */
export async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (/^\.[0-9a-f-]{36}\.tmp$/.test(name)) await rm(path.join(folder, name));
  }
}
