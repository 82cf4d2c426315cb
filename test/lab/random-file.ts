import { createHash, randomFillSync } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { LabBlob } from './lab-blob.ts';

/** Writes `length` bytes that nothing can compress. */
export async function writeRandomFile(path: string, length: number): Promise<LabBlob> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < length; written += buffer.length) {
      const part = randomFillSync(buffer).subarray(0, Math.min(buffer.length, length - written));
      hash.update(part);
      await file.writeFile(part);
    }
  } finally {
    await file.close();
  }
  return { digest: `sha256:${hash.digest('hex')}`, size: length, path };
}

/** The digest of a file's bytes. */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await using file = await open(path);
  for await (const part of file.readableWebStream({ autoClose: false })) {
    hash.update(part as Uint8Array);
  }
  return `sha256:${hash.digest('hex')}`;
}
