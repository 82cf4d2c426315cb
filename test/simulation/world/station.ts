import type { End } from './end.ts';
import type { MemoryListener } from './memory-network.ts';

/** A machine's link, in bytes a millisecond. */
export interface LinkRates {
  readonly up: number;
  readonly down: number;
}

/** A machine on the network: its address, its link, and what holds its ports. It outlives the programs that run on it. */
export class Station {
  readonly host: string;
  rates: LinkRates;
  readonly listeners = new Map<number, MemoryListener>();
  /** The ends of connections that are here, also those whose program is gone. */
  readonly ends = new Set<End>();
  /** Ends that have something to send and may, in turn. */
  readonly queue: End[] = [];
  isSending = false;
  /** When all that is on its way here has come in. */
  downFreeAt = 0;
  /** No power: nothing is answered. */
  isDark = false;
  #nextPort = 40_000;

  constructor(host: string, rates: LinkRates) {
    this.host = host;
    this.rates = rates;
  }

  freePort(): number {
    do this.#nextPort = this.#nextPort >= 60_000 ? 40_000 : this.#nextPort + 1;
    while (this.listeners.has(this.#nextPort));
    return this.#nextPort;
  }
}
