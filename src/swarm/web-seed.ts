import type { RateLimiter } from '../base/rate-limiter.ts';
import { blockLength, pieceSize } from '../torrent/geometry.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { WebSeedError, type RangeClient } from './web-seed-client.ts';

/** How much is asked for in one request. */
const runBytes = 4 * 1024 * 1024;

/** What a web seed needs of the download. */
export interface WebSeedUser {
  /** Pieces in a row to fetch now, reserved for the web seed; empty: none. */
  reserve(source: WebSeed, most: number): readonly number[];
  block(source: WebSeed, piece: number, begin: number, data: Uint8Array): void;
  /** What was reserved and did not come is free again. */
  giveBack(source: WebSeed): void;
  failed(source: WebSeed, error: unknown): void;
}

/** A URL that has the whole blob, as one more source of pieces (BEP 19). */
export class WebSeed {
  readonly url: string;
  readonly #metainfo: Metainfo;
  readonly #client: RangeClient;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #limiter: RateLimiter;
  readonly #user: WebSeedUser;
  readonly #abort = new AbortController();
  /** How often in a row it failed, or sent wrong bytes. */
  failures = 0;
  isBusy = false;
  #hasLied = false;

  constructor(
    url: string,
    metainfo: Metainfo,
    client: RangeClient,
    headers: Readonly<Record<string, string>>,
    limiter: RateLimiter,
    user: WebSeedUser,
  ) {
    this.url = url;
    this.#metainfo = metainfo;
    this.#client = client;
    this.#headers = headers;
    this.#limiter = limiter;
    this.#user = user;
  }

  /** Its bytes were not those of the piece. */
  lied(): void {
    this.#hasLied = true;
  }

  /** Fetches one run of pieces; false when there was none to fetch. Never rejects. */
  async fetch(): Promise<boolean> {
    if (this.isBusy) return false;
    const { pieceLength } = this.#metainfo;
    const run = this.#user.reserve(this, Math.max(1, Math.floor(runBytes / pieceLength)));
    const first = run[0];
    const last = run.at(-1);
    if (first === undefined || last === undefined) return false;
    this.isBusy = true;
    this.#hasLied = false;
    try {
      const from = first * pieceLength;
      const to = last * pieceLength + pieceSize(this.#metainfo, last) - 1;
      const body = this.#client.range(this.url, from, to, this.#headers, this.#abort.signal);
      await this.#read(body, first, last);
      this.failures = this.#hasLied ? this.failures + 1 : 0;
    } catch (error) {
      this.failures++;
      if (!this.#abort.signal.aborted) this.#user.failed(this, error);
    } finally {
      this.isBusy = false;
      this.#user.giveBack(this);
    }
    return true;
  }

  close(): void {
    this.#abort.abort();
  }

  /** Cuts the body into blocks. Throws WebSeedError when it is shorter or longer than what was asked for. */
  async #read(body: AsyncIterable<Uint8Array>, first: number, last: number): Promise<void> {
    let piece = first;
    let begin = 0;
    let filled = 0;
    const block = Buffer.allocUnsafe(blockLength);
    for await (const chunk of body) {
      await this.#limiter.take(chunk.length);
      for (let offset = 0; offset < chunk.length;) {
        if (piece > last) throw new WebSeedError(`${this.url} sent more than it was asked for`);
        const size = pieceSize(this.#metainfo, piece);
        const wanted = Math.min(blockLength, size - begin);
        const taken = Math.min(wanted - filled, chunk.length - offset);
        block.set(chunk.subarray(offset, offset + taken), filled);
        filled += taken;
        offset += taken;
        if (filled < wanted) continue;
        this.#user.block(this, piece, begin, block.subarray(0, wanted));
        filled = 0;
        begin += wanted;
        if (begin === size) {
          piece++;
          begin = 0;
        }
      }
    }
    if (piece <= last) throw new WebSeedError(`${this.url} sent less than it was asked for`);
  }
}
