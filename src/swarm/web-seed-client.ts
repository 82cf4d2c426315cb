import { Agent, request } from 'undici';
import { DocketError } from '../base/errors.ts';

/** Silence, in milliseconds, after which a web seed is given up for now. */
const patience = 15_000;

/** `WEB_SEED_FAILED`: the URL did not give the range. */
export class WebSeedError extends DocketError {
  constructor(message: string) {
    super('WEB_SEED_FAILED', message);
  }
}

/** The way to web seeds, handed in: HTTP in the product, memory in a simulation. */
export interface RangeClient {
  /** The bytes from `first` to `last`, both included, as they come. Throws WebSeedError or what the network says. */
  range(
    url: string,
    first: number,
    last: number,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Takes ranges of blobs over HTTP (BEP 19). */
export class WebSeedClient implements RangeClient {
  readonly #agent = new Agent({
    connect: { timeout: 3_000 },
    headersTimeout: patience,
    bodyTimeout: patience,
    connections: 4,
  });

  async *range(
    url: string,
    first: number,
    last: number,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const {
      statusCode,
      headers: answered,
      body,
    } = await request(url, {
      dispatcher: this.#agent,
      headers: { ...headers, range: `bytes=${first}-${last}` },
      signal,
    });
    // A body that is left unread ends with an error, which would end the process if nobody heard it.
    body.on('error', () => {});
    // A 200 would be the whole blob, and not what was asked for: its bytes belong elsewhere.
    const range = answered['content-range'];
    const isAsked = range === undefined || String(range).startsWith(`bytes ${first}-${last}/`);
    if (statusCode !== 206 || !isAsked) {
      body.destroy();
      const got = statusCode === 206 ? `the range ${String(range)}` : statusCode;
      throw new WebSeedError(`${url} answered ${got} to the range ${first}-${last}`);
    }
    yield* body;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
