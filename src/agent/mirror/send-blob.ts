import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { every, type Clock } from '../../base/clock.ts';
import type { BlobReader } from '../fetch/blob-reader.ts';

/** As much as is held in memory for one client. */
const chunkBytes = 256 * 1024;
/** Kubernetes gives a pull up after 5 minutes without a byte, with all its other sources: better to end this one before. */
const longestStall = 240_000;
/** A client that unpacks while it reads may pause, but does not sleep. */
const longestPause = 900_000;
const watchEvery = 5000;

/** What to send of a blob: bytes `first` to `last`, both included. */
export interface BlobPart {
  readonly first: number;
  readonly last: number;
}

/**
 * Sends bytes of a blob as the body of `response`, whose headers promise exactly those, as fast as the client reads them.
 * Rejects when the bytes cannot be had, or the client stops reading or goes away (`signal`): the caller must destroy the
 * connection then, so that the client sees that bytes are missing.
 */
export async function sendBlob(
  response: ServerResponse,
  reader: BlobReader,
  part: BlobPart,
  clock: Clock,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  const stalled = new AbortController();
  const ended = AbortSignal.any([signal, stalled.signal]);
  let waiting: { readonly since: number; readonly limit: number; readonly why: string } | undefined;
  const wait = (limit: number, why: string): void => {
    waiting = { since: clock.now(), limit, why };
  };
  const stop = every(clock, watchEvery, () => {
    if (waiting !== undefined && clock.now() - waiting.since > waiting.limit) {
      stalled.abort(new Error(waiting.why));
    }
  });
  // Used again and again: the garbage collector hears too late of the memory behind a small object.
  const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, part.last + 1 - part.first));
  try {
    let sent = part.first;
    while (sent <= part.last) {
      wait(longestStall, 'no bytes came for 4 minutes');
      const most = Math.min(buffer.length, part.last + 1 - sent);
      const bytes = await reader.read(sent, most, ended, buffer);
      sent += bytes.byteLength;
      onSent(bytes.byteLength);
      wait(longestPause, 'the client read nothing for 15 minutes');
      await written(response, bytes, ended);
    }
    assert.equal(sent, part.last + 1);
    response.end();
  } finally {
    stop();
  }
}

/** Resolves when the system has taken the bytes, so that their memory can be used again. */
function written(response: ServerResponse, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    response.write(bytes, (error) => {
      signal.removeEventListener('abort', onAbort);
      // Of a connection that is gone the signal tells as well.
      if (error) reject(error);
      else resolve();
    });
  });
}
