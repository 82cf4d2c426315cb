import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { digestFromHex, type Digest, type DigestAlgorithm } from '../../oci/digest.ts';

const chunkBytes = 1024 * 1024;

/** The digest of a file's bytes. Rejects with the signal's reason when it aborts first. */
export async function hashFile(
  file: string,
  algorithm: DigestAlgorithm,
  signal?: AbortSignal,
): Promise<Digest> {
  const hash = createHash(algorithm);
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const handle = await open(file, 'r');
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, null);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  return digestFromHex(algorithm, hash.digest('hex'));
}
