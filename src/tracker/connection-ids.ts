import { createHmac } from 'node:crypto';
import type { Clock } from '../base/clock.ts';

/** An id holds for the rest of its window and the next: two minutes at least, as BEP 15 wants it. */
const windowLength = 120_000;
/** Hosts whose id is remembered, so that it is not computed at each announce. */
const mostProven = 65_536;

/**
 * The connection ids of a UDP tracker (BEP 15). An id is sent to the address that a packet came from, so whoever shows it
 * receives there: nobody can announce for another host, or have it flooded with answers. The ids are a keyed hash of the
 * address and the time; nothing is kept of hosts that have not proven themselves.
 */
export class ConnectionIds {
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  /** The ids that were shown in this window. */
  readonly #proven = new Map<string, Uint8Array>();
  #window = 0;

  /** `key`: secret random bytes. */
  constructor(clock: Clock, key: Uint8Array) {
    this.#clock = clock;
    this.#key = key;
  }

  /** The 8 bytes of a host's id. */
  of(host: string): Uint8Array {
    return this.#compute(host, this.#turn());
  }

  /** True for an id that this host was given in this window or the one before. */
  proves(host: string, id: Uint8Array): boolean {
    const window = this.#turn();
    const shown = this.#proven.get(host);
    if (shown !== undefined && isEqual(shown, id)) return true;
    const isRight =
      isEqual(this.#compute(host, window), id) || isEqual(this.#compute(host, window - 1), id);
    if (isRight && this.#proven.size < mostProven) this.#proven.set(host, Uint8Array.from(id));
    return isRight;
  }

  /** The number of the window; a new one begins without ids that were shown. */
  #turn(): number {
    const window = Math.floor(this.#clock.now() / windowLength);
    if (window !== this.#window) this.#proven.clear();
    this.#window = window;
    return window;
  }

  #compute(host: string, window: number): Uint8Array {
    const mac = createHmac('sha256', this.#key).update(`${window} ${host}`).digest();
    return mac.subarray(0, 8);
  }
}

/** Looks at all bytes, so that the time it takes tells nothing. */
function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  let difference = 0;
  for (let index = 0; index < 8; index++) difference |= (one[index] ?? 0) ^ (other[index] ?? 0);
  return difference === 0;
}
