import type { OpenFile } from './files.ts';
import { StorageError, storageFault } from './storage-error.ts';

const sliceLength = 256 * 1024;

/**
 * The bytes of a file from `start` up to, not including, `end`, in slices of at most 256 KiB, each in memory of its own:
 * it may wait in a socket's queue while the next is read. Throws StorageError, STORAGE_CORRUPT when the file is shorter.
 */
export async function* readSlices(
  file: OpenFile,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < end;) {
    const slice = Buffer.allocUnsafeSlow(Math.min(sliceLength, end - at));
    const length = await readInto(file, slice, at);
    if (length === 0) throw new StorageError('STORAGE_CORRUPT', 'a stored file ended too early');
    yield slice.subarray(0, length);
    at += length;
  }
}

async function readInto(file: OpenFile, slice: Buffer, position: number): Promise<number> {
  try {
    const { bytesRead } = await file.read(slice, 0, slice.length, position);
    return bytesRead;
  } catch (error) {
    throw storageFault('cannot read a stored file', error);
  }
}
