import { Agent, request } from 'undici';
import { type Clock, systemClock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import {
  type AnnounceRequest,
  type AnnounceResponse,
  encodeAnnounceQuery,
  parseAnnounceResponse,
} from '../torrent/announce.ts';
import { largestTrackerAnswer } from '../torrent/tracker-answer.ts';
import { TrackerError } from '../torrent/tracker-error.ts';

export interface TrackerClientOptions {
  readonly clock?: Clock;
  /** Milliseconds until an announce is given up; default 10 s. */
  readonly timeout?: number;
}

/** Tells HTTP trackers about this peer's torrents (BEP 3). Redirects are not followed. */
export class TrackerClient {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #agent: Agent;

  constructor(options: TrackerClientOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#timeout = options.timeout ?? 10_000;
    // A seeder of many torrents announces them all within seconds: a few connections carry them in turn.
    this.#agent = new Agent({ connections: 8, headersTimeout: 0, bodyTimeout: 0 });
  }

  /**
   * Announces to the tracker at `url`. Throws TrackerError, `TRACKER_REFUSED` when the tracker gives a failure reason;
   * rejects with the signal's reason when it aborts.
   */
  async announce(
    url: string,
    announce: AnnounceRequest,
    signal?: AbortSignal,
  ): Promise<AnnounceResponse> {
    signal?.throwIfAborted();
    const target = announceUrl(url, announce);
    const timer = new AbortController();
    const cancel = this.#clock.after(this.#timeout, () => {
      timer.abort(new TrackerError('TRACKER_TIMEOUT', `the tracker ${url} did not answer in time`));
    });
    try {
      return await this.#ask(
        target,
        url,
        AbortSignal.any([timer.signal, ...(signal ? [signal] : [])]),
      );
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (error instanceof TrackerError) throw error;
      const message = `the tracker ${url} cannot be reached: ${codeOf(error) ?? messageOf(error)}`;
      throw new TrackerError('TRACKER_UNREACHABLE', message, { cause: error });
    } finally {
      cancel();
    }
  }

  /** Ends the announces that are under way and closes all connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(target: string, url: string, signal: AbortSignal): Promise<AnnounceResponse> {
    const headers = { 'user-agent': 'docket' };
    const { statusCode, body } = await request(target, {
      dispatcher: this.#agent,
      signal,
      headers,
    });
    const answer = await readAnswer(body, url);
    try {
      return parseAnnounceResponse(answer);
    } catch (error) {
      // Some trackers give their failure reason with a status of their own: the reason says more than the status.
      if (statusCode === 200 || (error instanceof TrackerError && error.code === 'TRACKER_REFUSED'))
        throw error;
      const message = `the tracker ${url} answered with status ${statusCode}`;
      throw new TrackerError('TRACKER_ANSWER_INVALID', message, { cause: error });
    }
  }
}

async function readAnswer(body: AsyncIterable<Uint8Array>, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > largestTrackerAnswer) {
      const message = `the tracker ${url} answered with more than ${largestTrackerAnswer} bytes`;
      throw new TrackerError('TRACKER_ANSWER_TOO_LARGE', message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A tracker's URL may carry parameters of its own, such as a key. */
function announceUrl(url: string, announce: AnnounceRequest): string {
  const parsed = URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new TrackerError('TRACKER_URL_INVALID', `"${url}" is not the URL of an HTTP tracker`);
  }
  const own = parsed.search === '' ? '?' : `${parsed.search}&`;
  return `${parsed.origin}${parsed.pathname}${own}${encodeAnnounceQuery(announce)}`;
}
