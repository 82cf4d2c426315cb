import type { Network } from '../../../src/swarm/network.ts';
import { WebSeedError, type RangeClient } from '../../../src/swarm/web-seed-client.ts';
import type { Process } from '../world/process.ts';
import { ask, serviceAt } from './exchange.ts';

const patience = 15_000;

/** The client side of the web seeds in memory. */
export class MemoryRangeClient implements RangeClient {
  readonly #network: Network;
  readonly #process: Process;
  readonly #abort = new AbortController();

  constructor(network: Network, process: Process) {
    this.#network = network;
    this.#process = process;
  }

  async *range(
    url: string,
    first: number,
    last: number,
    _headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const abort = new AbortController();
    const onAbort = (): void =>
      abort.abort(signal.aborted ? signal.reason : this.#abort.signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#abort.signal.addEventListener('abort', onAbort, { once: true });
    let cancel = (): void => {};
    const wait = (): void => {
      cancel();
      cancel = this.#process.after(patience, () => abort.abort(new WebSeedError('it is silent')));
    };
    try {
      if (signal.aborted) onAbort();
      let missing = last - first + 1;
      wait();
      for await (const chunk of ask(
        this.#network,
        serviceAt(url),
        `range ${new URL(url).pathname} ${first} ${last}`,
        abort.signal,
      )) {
        cancel();
        missing -= chunk.length;
        yield chunk;
        if (missing <= 0) return;
        wait();
      }
      throw new WebSeedError('it closed the connection');
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
      this.#abort.signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#abort.abort(new WebSeedError('closed'));
  }
}
