import type { Network } from '../../../src/swarm/network.ts';
import type { TrackerClient } from '../../../src/swarm/tracker-client.ts';
import {
  encodeAnnounceBatch,
  parseAnnounceBatchResponse,
  type AnnounceBatch,
  type AnnounceBatchResponse,
} from '../../../src/torrent/announce-batch.ts';
import {
  encodeAnnounceQuery,
  parseAnnounceResponse,
  type AnnounceRequest,
  type AnnounceResponse,
} from '../../../src/torrent/announce.ts';
import { TrackerError, trackerUnreachable } from '../../../src/torrent/tracker-error.ts';
import type { Process } from '../world/process.ts';
import { ask, serviceAt } from './exchange.ts';

const patience = 10_000;

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
    const answer = await this.#ask(url, `announce ${encodeAnnounceQuery(request)}`, signal);
    return parseAnnounceResponse(answer);
  }

  async announceBatch(
    url: string,
    batch: AnnounceBatch,
    signal?: AbortSignal,
  ): Promise<AnnounceBatchResponse> {
    const body = encodeAnnounceBatch(batch).toString('hex');
    const answer = await this.#ask(url, `batch ${body}`, signal);
    return parseAnnounceBatchResponse(answer, batch.torrents.length);
  }

  async #ask(url: string, line: string, signal?: AbortSignal): Promise<Buffer> {
    signal?.throwIfAborted();
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancel = this.#process.after(patience, () =>
      abort.abort(new TrackerError('TRACKER_TIMEOUT', 'it does not answer in time')),
    );
    try {
      let answer: Buffer = Buffer.alloc(0);
      for await (const chunk of ask(this.#network, serviceAt(url), line, abort.signal)) {
        answer = Buffer.concat([answer, chunk]);
        if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE()) break;
      }
      return answer.subarray(4);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (error instanceof TrackerError) throw error;
      throw trackerUnreachable(url, error);
    } finally {
      cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
