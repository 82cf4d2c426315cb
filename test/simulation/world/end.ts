import type { Connection, ConnectionHandler } from '../../../src/swarm/network.ts';
import type { PeerAddress } from '../../../src/torrent/ids.ts';
import type { MemoryNetwork } from './memory-network.ts';
import type { Process } from './process.ts';
import type { Station } from './station.ts';

/** What a program has written, and what to call when it may change again. */
interface Written {
  bytes: Uint8Array;
  readonly done: (() => void) | undefined;
}

/** Hears all that passes one end of a connection: what its program writes, is given, and that it is over. */
export interface Tap {
  wrote(parts: readonly Uint8Array[]): void;
  heard(chunk: Uint8Array): void;
  /** The program has handled what it heard. */
  handled(): void;
  closed(): void;
}

/**
 * One end of a connection, as a program holds it. Bytes that were written stay the writer's until they leave its process:
 * they are copied then, so that a buffer that is used again too early is sent wrong here as well.
 */
export class End implements Connection {
  readonly remote: PeerAddress;
  readonly localPort: number;
  readonly station: Station;
  readonly process: Process;
  /** The other end; undefined until the connection stands. */
  other: End | undefined;
  tap: Tap | undefined;
  isClosed = false;
  /** Whether it waits in its station's queue. */
  isQueued = false;
  /** Bytes that have left here and were not taken by the other side's program. */
  unacknowledged = 0;
  /** Bytes that the program has written and that are still in its process. */
  outboxBytes = 0;
  readonly #outbox: Written[] = [];
  readonly #network: MemoryNetwork;
  readonly #forget: () => void;
  readonly #inbox: Uint8Array[] = [];
  #handler: ConnectionHandler | undefined;
  #isPaused = true;
  #isFull = false;
  /** The other side is gone: so is this one, once all that came was taken. */
  #isEnding = false;
  #told: ConnectionHandler | undefined;
  #isFlushing = false;

  constructor(
    network: MemoryNetwork,
    station: Station,
    process: Process,
    remote: PeerAddress,
    localPort: number,
  ) {
    this.#network = network;
    this.station = station;
    this.process = process;
    this.remote = remote;
    this.localPort = localPort;
    station.ends.add(this);
    this.#forget = process.atDeath(() => network.died(this));
  }

  handle(handler: ConnectionHandler): void {
    this.#handler = handler;
    if (this.isClosed) this.#tellClosed();
    else this.resume();
  }

  write(parts: readonly Uint8Array[], done?: () => void): boolean {
    if (this.isClosed) {
      done?.();
      return true;
    }
    this.tap?.wrote(parts);
    for (const [index, bytes] of parts.entries()) {
      this.#outbox.push({ bytes, done: index === parts.length - 1 ? done : undefined });
      this.outboxBytes += bytes.length;
    }
    this.#network.wants(this);
    this.#isFull ||= this.outboxBytes >= this.#network.highWaterMark;
    return this.outboxBytes < this.#network.highWaterMark;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#inbox.length > 0 || this.#isEnding) this.#flushSoon();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.close();
    this.#network.left(this);
    this.#tellClosed();
  }

  /** Takes up to `most` of the bytes that wait to be sent, as a copy. */
  take(most: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(Math.min(most, this.outboxBytes));
    let filled = 0;
    while (this.#outbox[0] !== undefined) {
      const first = this.#outbox[0];
      const taken = Math.min(first.bytes.length, bytes.length - filled);
      bytes.set(first.bytes.subarray(0, taken), filled);
      filled += taken;
      first.bytes = first.bytes.subarray(taken);
      if (first.bytes.length > 0) break;
      this.#outbox.shift();
      if (first.done !== undefined) this.process.enter(first.done);
    }
    this.outboxBytes -= filled;
    this.unacknowledged += filled;
    return bytes;
  }

  /** Tells the program that its process holds nothing more to send, if it waits for that. */
  sentAll(): void {
    if (!this.#isFull || this.outboxBytes > 0) return;
    this.#isFull = false;
    this.process.enter(() => {
      if (!this.isClosed) this.#handler?.drained();
    });
  }

  /** Bytes came from the other end. */
  arrived(bytes: Uint8Array): void {
    if (this.isClosed || this.#isEnding) return;
    this.#inbox.push(bytes);
    this.#flush();
  }

  /** The other end is gone. `atOnce`: what came and was not taken yet is lost. */
  ended(atOnce: boolean): void {
    if (this.isClosed || this.#isEnding) return;
    this.#isEnding = true;
    if (atOnce) this.#inbox.length = 0;
    this.#flush();
  }

  /** Forgets all; the program is not told. */
  close(): void {
    this.isClosed = true;
    for (const { done } of this.#outbox.splice(0))
      if (done !== undefined) this.process.after(0, done);
    this.#inbox.length = 0;
    this.outboxBytes = 0;
    this.station.ends.delete(this);
    this.#forget();
    this.tap?.closed();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.process.after(0, () => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#inbox.length > 0) {
      if (this.#isPaused || this.isClosed) return;
      const bytes = this.#inbox.shift() as Uint8Array;
      if (this.other !== undefined) {
        this.other.unacknowledged -= bytes.length;
        this.#network.wants(this.other);
      }
      this.tap?.heard(bytes);
      this.#handler?.data(bytes);
      this.tap?.handled();
      // Another connection reads into the same buffer.
      bytes.fill(0xee);
    }
    if (!this.#isEnding || this.isClosed || this.#isPaused) return;
    this.close();
    this.#tellClosed();
  }

  #tellClosed(): void {
    this.process.after(0, () => {
      if (this.#handler === undefined || this.#told === this.#handler) return;
      this.#told = this.#handler;
      this.#handler.closed();
    });
  }
}
