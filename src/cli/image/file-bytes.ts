import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ArchiveError } from '../../oci/archive-error.ts';
import type { StoredFile } from './image-source.ts';

/** Chunks of this size keep both the disk and the network busy. */
export const readChunk = 256 * 1024;

/** A file of `size` bytes at `path`. */
export function storedFile(path: string, size: number): StoredFile & { readonly path: string } {
  return { path, size, open: (): Readable => createReadStream(path, { highWaterMark: readChunk }) };
}

/** The first `length` bytes of a file, fewer when it is shorter. */
export async function fileStart(path: string, length: number): Promise<Uint8Array> {
  await using handle = await open(path);
  const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}

/** All bytes of a small file. `name` is for the message. Throws ArchiveError ARCHIVE_INVALID when it is over `limit` bytes. */
export async function smallFile(
  file: StoredFile,
  limit: number,
  name: string,
): Promise<Uint8Array> {
  if (file.size > limit) {
    throw new ArchiveError(
      'ARCHIVE_INVALID',
      `${name} has ${file.size} bytes (at most ${limit} are read)`,
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.open()) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
