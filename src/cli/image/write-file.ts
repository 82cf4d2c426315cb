import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { moveDurably } from '../../storage/durable-file.ts';
import { CliError } from '../cli-error.ts';
import { reasonOf } from '../folder-failure.ts';
import type { DigestStream } from './digest-stream.ts';

/** Makes a file in `folder` and removes it again: nothing else shows that one can be made. Throws what the system says. */
export async function proveWritable(folder: string): Promise<void> {
  const probe = path.join(folder, `.docket.${randomUUID()}.part`);
  try {
    const file = await open(probe, 'wx', 0o600);
    await file.close();
  } finally {
    await rm(probe, { force: true });
  }
}

/**
 * Writes a file whole or not at all: to a temporary one beside it, which takes its place when its bytes are on the disk.
 * With `check`, the bytes go through it, and it is asked before the file takes its place. Throws CliError FILE_UNWRITABLE when
 * the disk refuses, which names `file`.
 */
export async function writeFileWhole(
  file: string,
  bytes: Readable,
  signal: AbortSignal,
  check?: { readonly stream: DigestStream; readonly verify: () => void },
): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file).slice(0, 100)}.${randomUUID()}.part`);
  const target = createWriteStream(temporary, { flags: 'wx', flush: true });
  let isWhole = false;
  try {
    const steps = check === undefined ? [bytes, target] : [bytes, check.stream, target];
    await pipeline(steps, { signal });
    check?.verify();
    isWhole = true;
    await moveDurably(temporary, file);
  } catch (error) {
    bytes.destroy();
    await rm(temporary, { force: true });
    signal.throwIfAborted();
    if (!isWhole && !isFaultOf(temporary, error)) throw error;
    throw new CliError('FILE_UNWRITABLE', `${file} cannot be written: ${reasonOf(error)}`, {
      cause: error,
      hint: 'Name a place on a disk that has room and that you may write to.',
    });
  }
}

/** Whether it is writing `file` that failed, not the reading of what goes into it. */
function isFaultOf(file: string, error: unknown): boolean {
  if (!(error instanceof Error) || !('syscall' in error)) return false;
  if ('path' in error) return error.path === file;
  return error.syscall === 'write' || error.syscall === 'fsync';
}
