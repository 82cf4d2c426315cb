import type { Network } from '../../../src/swarm/network.ts';
import type { TrackerClient } from '../../../src/swarm/tracker-client.ts';
import type { RangeClient } from '../../../src/swarm/web-seed-client.ts';
import { WebSeedError } from '../../../src/swarm/web-seed-client.ts';
import {
  encodeAnnounceQuery,
  parseAnnounceResponse,
  type AnnounceRequest,
  type AnnounceResponse,
} from '../../../src/torrent/announce.ts';
import { TrackerError } from '../../../src/torrent/tracker-error.ts';
import type { Process } from '../world/process.ts';
import { ask, servicePort } from './exchange.ts';

const announcePatience = 10_000;
const rangePatience = 15_000;

/** Where the service of a URL is. */
function addressOf(url: string): { readonly host: string; readonly port: number } {
  return { host: new URL(url).hostname, port: servicePort };
}

/** The client side of the trackers in memory. */
export class MemoryTrackerClient implements TrackerClient {
  readonly #network: Network;
  readonly #process: Process;

  constructor(network: Network, process: Process) {
    this.#network = network;
    this.#process = process;
  }

  async announce(
    url: string,
    request: AnnounceRequest,
    signal?: AbortSignal,
  ): Promise<AnnounceResponse> {
    signal?.throwIfAborted();
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancel = this.#process.after(announcePatience, () =>
      abort.abort(new TrackerError('TRACKER_TIMEOUT', 'no answer')),
    );
    try {
      let answer: Buffer = Buffer.alloc(0);
      const line = `announce ${encodeAnnounceQuery(request)}`;
      for await (const chunk of ask(this.#network, addressOf(url), line, abort.signal)) {
        answer = Buffer.concat([answer, chunk]);
        if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE()) break;
      }
      return parseAnnounceResponse(answer.subarray(4));
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (error instanceof TrackerError) throw error;
      throw new TrackerError('TRACKER_UNREACHABLE', String(error), { cause: error });
    } finally {
      cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async announceBatch(): Promise<never> {
    throw new TrackerError('TRACKER_WITHOUT_BATCHES', 'one at a time');
  }
}

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
      cancel = this.#process.after(rangePatience, () =>
        abort.abort(new WebSeedError('it is silent')),
      );
    };
    try {
      if (signal.aborted) onAbort();
      let missing = last - first + 1;
      wait();
      for await (const chunk of ask(
        this.#network,
        addressOf(url),
        `range ${first} ${last}`,
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
