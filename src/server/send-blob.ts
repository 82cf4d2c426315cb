import type { ServerResponse } from 'node:http';
import { abortable } from '../base/abortable.ts';
import type { BytePart } from '../oci/byte-range.ts';
import type { OpenBlob } from '../storage/blob-store.ts';
import type { Traffic } from './traffic.ts';

/** The most bytes that are written between two turns of the shared link, when it has a limit. */
const chunkLength = 64 * 1024;

/**
 * Sends the bytes from `first` to `last` in the body of an answer whose headers are out, no faster than the client
 * reads and the link allows; what comes next is read meanwhile. Rejects when the client goes or the blob cannot be read:
 * the answer is incomplete then, and its connection must be broken off.
 */
export async function sendBlob(
  response: ServerResponse,
  blob: OpenBlob,
  { first, last }: BytePart,
  traffic: Traffic,
  signal: AbortSignal,
): Promise<void> {
  const writer = new Writer(response, signal);
  for await (const slice of blob.read(first, last + 1)) {
    const most = traffic.upload.burst === Infinity ? slice.length : chunkLength;
    for (let at = 0; at < slice.length; at += most) {
      const chunk = slice.subarray(at, at + most);
      const turn = traffic.upload.take(chunk.length);
      if (turn !== undefined) await abortable(turn, signal);
      await writer.write(chunk);
      traffic.sent += chunk.length;
    }
  }
}

/** Writes chunks one at a time. Node calls nobody back for a chunk that waits for a client who goes. */
class Writer {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  #last: PromiseWithResolvers<void> | undefined;

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#last?.reject(signal.reason), { once: true });
  }

  /** Hands a chunk over once the system has taken the one before: the memory of that is free when this resolves. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#last?.promise;
    this.#signal.throwIfAborted();
    const written = Promise.withResolvers<void>();
    // Whoever comes next hears of it, and if nobody does there was nothing more to send.
    written.promise.catch(() => {});
    this.#last = written;
    this.#response.write(chunk, (error) => {
      if (error) written.reject(error);
      else written.resolve();
    });
  }
}
