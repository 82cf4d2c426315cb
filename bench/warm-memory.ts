import { open, rm } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';

/**
 * Fills so much of the system's file cache from `folder`'s disk, half of the free memory at most, and gives it up again. Where a
 * virtual machine gets its memory only when it is touched, the first use of a page costs ten times as much as a later
 * one: without this whoever is measured first pays for all.
 */
export async function warmMemory(folder: string, bytes: number): Promise<void> {
  const path = join(folder, 'warm');
  const part = Buffer.alloc(1 << 20);
  const file = await open(path, 'wx');
  try {
    const end = Math.min(bytes, freemem() / 2);
    for (let written = 0; written < end; written += part.length) await file.writeFile(part);
  } finally {
    await file.close();
    await rm(path);
  }
}
