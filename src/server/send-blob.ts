import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { BytePart } from '../oci/byte-range.ts';
import type { OpenBlob } from '../storage/blob-store.ts';
import type { Traffic } from './traffic.ts';

/** The most bytes that are written between two turns of the shared link. */
const chunkLength = 64 * 1024;

/**
 * Sends the bytes from `first` to `last` in the body of an answer whose headers are out, no faster than the client
 * reads and the link allows. Rejects when the client goes or the blob cannot be read: the answer is incomplete then, and
 * its connection must be broken off.
 */
export async function sendBlob(
  response: ServerResponse,
  blob: OpenBlob,
  { first, last }: BytePart,
  traffic: Traffic,
  signal: AbortSignal,
): Promise<void> {
  for await (const slice of blob.read(first, last + 1)) {
    for (let at = 0; at < slice.length; at += chunkLength) {
      const chunk = slice.subarray(at, at + chunkLength);
      await traffic.upload.take(chunk.length);
      signal.throwIfAborted();
      traffic.sent += chunk.length;
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
  }
}
