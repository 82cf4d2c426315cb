import type { OpenFile } from './files.ts';
import { StorageError, storageFault } from './storage-error.ts';

/** Each slice costs two changes of threads; smaller ones cost a pull half as much again. */
const sliceLength = 512 * 1024;

/** One slice is being read, one is used, and the one before may still wait in a socket's queue. */
const bufferCount = 3;

/**
 * The bytes of a file from `start` up to, not including, `end`, in slices of at most 512 KiB, each read while the one before
 * is used. Buffers take turns: a slice stays as it is while the next one is used, and not longer. Throws StorageError,
 * STORAGE_CORRUPT when the file is shorter.
 */
export async function* readSlices(
  file: Pick<OpenFile, 'read'>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Memory of its own for each slice would cost as much as sending it: the system clears every page of it first.
  const buffers: Buffer[] = [];
  const read = (turn: number, at: number): Promise<Uint8Array> => {
    const buffer = (buffers[turn] ??= Buffer.allocUnsafeSlow(Math.min(sliceLength, end - start)));
    return readInto(file, buffer.subarray(0, Math.min(buffer.length, end - at)), at);
  };
  let next = start < end ? read(0, start) : undefined;
  try {
    for (let at = start, turn = 0; next !== undefined;) {
      const slice: Uint8Array = await next;
      at += slice.length;
      turn = (turn + 1) % bufferCount;
      next = at < end ? read(turn, at) : undefined;
      // It is awaited when its turn comes.
      next?.catch(() => {});
      yield slice;
    }
  } finally {
    await next?.catch(() => {});
  }
}

/** Fills `into` with the bytes from `start` on. Throws StorageError, STORAGE_CORRUPT when the file is shorter. */
export async function readExactly(
  file: Pick<OpenFile, 'read'>,
  into: Uint8Array,
  start: number,
): Promise<void> {
  for (let filled = 0; filled < into.length;) {
    filled += (await readInto(file, into.subarray(filled), start + filled)).length;
  }
}

async function readInto(
  file: Pick<OpenFile, 'read'>,
  buffer: Uint8Array,
  position: number,
): Promise<Uint8Array> {
  let length: number;
  try {
    ({ bytesRead: length } = await file.read(buffer, 0, buffer.length, position));
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw storageFault('cannot read a stored file', error);
  }
  if (length === 0) throw new StorageError('STORAGE_CORRUPT', 'a stored file ended too early');
  return buffer.subarray(0, length);
}
