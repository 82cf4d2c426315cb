import type { Clock } from '../base/clock.ts';
import {
  handshakeLength,
  mayBeHandshake,
  parseHandshake,
  type Handshake,
} from '../torrent/handshake.ts';
import type { Connection } from './network.ts';

/** A peer that does not say who it is within this many milliseconds is dropped. */
const patience = 5_000;

/** A handshake that came, and the bytes behind it. */
export interface Greeting {
  readonly handshake: Handshake;
  readonly rest: Uint8Array;
}

/**
 * Waits for the other side's handshake; the connection is paused afterwards. Undefined, with the connection destroyed,
 * when it says something else, nothing, or leaves, or by the signal.
 */
export function receiveGreeting(
  connection: Connection,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Greeting | undefined> {
  return new Promise((resolve) => {
    let received: Uint8Array = Buffer.alloc(0);
    const end = (greeting: Greeting | undefined): void => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      if (greeting === undefined) connection.destroy();
      else connection.pause();
      resolve(greeting);
    };
    const onAbort = (): void => end(undefined);
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancel = clock.after(patience, () => end(undefined));
    if (signal?.aborted === true) return end(undefined);
    connection.handle({
      data: (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (!mayBeHandshake(received)) return end(undefined);
        if (received.length < handshakeLength) return undefined;
        const handshake = parseHandshake(received.subarray(0, handshakeLength));
        return end(handshake && { handshake, rest: received.subarray(handshakeLength) });
      },
      drained: () => {},
      closed: () => end(undefined),
    });
    return undefined;
  });
}
