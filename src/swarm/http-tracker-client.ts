import { Agent, request } from 'undici';
import { type Clock, systemClock } from '../base/clock.ts';
import { codeOf } from '../base/errors.ts';
import {
  batchContentType,
  encodeAnnounceBatch,
  largestBatchAnswer,
  parseAnnounceBatchResponse,
  type AnnounceBatch,
  type AnnounceBatchResponse,
} from '../torrent/announce-batch.ts';
import {
  type AnnounceRequest,
  type AnnounceResponse,
  encodeAnnounceQuery,
  parseAnnounceResponse,
} from '../torrent/announce.ts';
import { largestTrackerAnswer } from '../torrent/tracker-answer.ts';
import { TrackerError, trackerUnreachable, withoutBatches } from '../torrent/tracker-error.ts';
import type { TrackerClient } from './tracker-client.ts';

export interface HttpTrackerClientOptions {
  readonly clock?: Clock;
  /** Milliseconds until an announce is given up; default 10 s. */
  readonly timeout?: number;
  /** Headers for a request, such as those of a login. */
  readonly headersFor?:
    | ((method: string, url: URL) => Promise<Readonly<Record<string, string>>>)
    | undefined;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

interface Ask {
  readonly method?: 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Tells HTTP trackers about this peer's torrents (BEP 3). Redirects are not followed. */
export class HttpTrackerClient implements TrackerClient {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #headersFor: HttpTrackerClientOptions['headersFor'];
  readonly #agent: Agent;

  constructor(options: HttpTrackerClientOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#timeout = options.timeout ?? 10_000;
    this.#headersFor = options.headersFor;
    // A seeder of many torrents announces them all within seconds: a few connections carry them in turn.
    this.#agent = new Agent({ connections: 8, headersTimeout: 0, bodyTimeout: 0 });
  }

  async announce(
    url: string,
    announce: AnnounceRequest,
    signal?: AbortSignal,
  ): Promise<AnnounceResponse> {
    const target = announceUrl(url, encodeAnnounceQuery(announce));
    const answer = await this.#ask(url, target, {}, largestTrackerAnswer, signal);
    try {
      return parseAnnounceResponse(answer.body);
    } catch (error) {
      // Some trackers give their failure reason with a status of their own: the reason says more than the status.
      if (answer.status === 200 || codeOf(error) === 'TRACKER_REFUSED') throw error;
      throw wrongStatus(url, answer, error);
    }
  }

  async announceBatch(
    url: string,
    batch: AnnounceBatch,
    signal?: AbortSignal,
  ): Promise<AnnounceBatchResponse> {
    const target = announceUrl(url, '');
    const post: Ask = {
      method: 'POST',
      headers: { 'content-type': batchContentType },
      body: encodeAnnounceBatch(batch),
    };
    const answer = await this.#ask(url, target, post, largestBatchAnswer, signal);
    if (answer.status >= 500) throw wrongStatus(url, answer);
    if (answer.contentType === batchContentType) {
      return parseAnnounceBatchResponse(answer.body, batch.torrents.length);
    }
    throw withoutBatches(url);
  }

  /** Ends the announces that are under way and closes all connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(
    url: string,
    target: string,
    ask: Ask,
    largest: number,
    signal?: AbortSignal,
  ): Promise<Answer> {
    signal?.throwIfAborted();
    const timer = new AbortController();
    const cancel = this.#clock.after(this.#timeout, () => {
      timer.abort(new TrackerError('TRACKER_TIMEOUT', `the tracker ${url} did not answer in time`));
    });
    try {
      const own = await this.#headersFor?.(ask.method ?? 'GET', new URL(target));
      const { statusCode, headers, body } = await request(target, {
        ...ask,
        dispatcher: this.#agent,
        signal: AbortSignal.any([timer.signal, ...(signal ? [signal] : [])]),
        headers: { 'user-agent': 'docket', ...own, ...ask.headers },
      });
      const contentType = String(headers['content-type'] ?? '');
      return { status: statusCode, contentType, body: await readAnswer(body, url, largest) };
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (error instanceof TrackerError) throw error;
      throw trackerUnreachable(url, error);
    } finally {
      cancel();
    }
  }
}

function wrongStatus(url: string, { status }: Answer, cause?: unknown): TrackerError {
  const message = `the tracker ${url} answered with status ${status}`;
  return new TrackerError('TRACKER_ANSWER_INVALID', message, { cause });
}

async function readAnswer(
  body: AsyncIterable<Uint8Array>,
  url: string,
  largest: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > largest) {
      const message = `the tracker ${url} answered with more than ${largest} bytes`;
      throw new TrackerError('TRACKER_ANSWER_TOO_LARGE', message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A tracker's URL may carry parameters of its own, such as a key. */
function announceUrl(url: string, query: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new TrackerError('TRACKER_URL_INVALID', `"${url}" is not the URL of an HTTP tracker`);
  }
  const parameters = [parsed.search.slice(1), query].filter((part) => part !== '').join('&');
  return `${parsed.origin}${parsed.pathname}${parameters === '' ? '' : `?${parameters}`}`;
}
