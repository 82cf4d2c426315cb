import type { FileHandle } from 'node:fs/promises';

/** Writes all of `bytes` at `position`: the system may take only a part of what one call gives it. */
export async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
