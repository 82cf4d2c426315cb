import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { moveDurably } from '../../storage/durable-file.ts';
import type { DigestStream } from './digest-stream.ts';

/**
 * Writes a file whole or not at all: to a temporary one beside it, which takes its place when its bytes are on the disk.
 * With `check`, the bytes go through it, and it is asked before the file takes its place.
 */
export async function writeFileWhole(
  file: string,
  bytes: Readable,
  signal: AbortSignal,
  check?: { readonly stream: DigestStream; readonly verify: () => void },
): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file).slice(0, 100)}.${randomUUID()}.part`);
  try {
    const target = createWriteStream(temporary, { flags: 'wx', flush: true });
    const steps = check === undefined ? [bytes, target] : [bytes, check.stream, target];
    await pipeline(steps, { signal });
    check?.verify();
    await moveDurably(temporary, file);
  } catch (error) {
    bytes.destroy();
    await rm(temporary, { force: true });
    signal.throwIfAborted();
    throw error;
  }
}
