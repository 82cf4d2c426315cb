import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { silentLog, type Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { encodeAnnounceResponse, parseAnnounceQuery } from '../torrent/announce.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import { canonicalIp } from '../torrent/ip-address.ts';
import { encodeScrapeResponse, parseScrapeQuery, type ScrapeEntry } from '../torrent/scrape.ts';
import { encodeTrackerFailure } from '../torrent/tracker-answer.ts';
import { TrackerError } from '../torrent/tracker-error.ts';
import { MemoryPeerTable } from './memory-peer-table.ts';
import type { PeerTable } from './peer-table.ts';

export interface TrackerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  /** Where the peers are kept; default: in memory. */
  readonly table?: PeerTable;
  /** Which torrents are tracked; default: all. */
  readonly allows?: (infoHash: InfoHash) => boolean | Promise<boolean>;
  /** Seconds between the announces of a seed; default 900. */
  readonly seedInterval?: number;
  /** Seconds between the announces of a peer that lacks something; default 30. */
  readonly downloaderInterval?: number;
  /** Seconds that a peer must leave between two announces; default 3. */
  readonly minInterval?: number;
}

/** How many downloaders the origin is introduced to at a time: the others get the bytes from those. */
const originLinks = 60;
/** Milliseconds that a peer may be late for its second announce before it is forgotten. */
const slack = 15_000;
/** The most torrents of one scrape. */
const largestScrape = 64;

/** A BitTorrent tracker without its network face: queries in, bencoded answers out (BEP 3, 7, 23, 48). */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #log: Log;
  readonly #table: PeerTable;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#table = options.table ?? new MemoryPeerTable(options);
  }

  /**
   * Answers an announce whose query is `search`, from a peer whose connection comes from `from.host`. `origin`, an IP
   * address and port, is the registry's own seeder: it is given to peers that lack something, and counts as one complete
   * peer. Never rejects: what goes wrong is answered as a failure reason.
   */
  announce(search: string, from: { readonly host: string }, origin?: PeerAddress): Promise<Buffer> {
    return this.#answer(() => this.#announce(search, from.host, origin));
  }

  /** Answers a scrape, with the figures of the torrents that it names. Never rejects. */
  scrape(search: string, origin?: PeerAddress): Promise<Buffer> {
    return this.#answer(() => this.#scrape(search, origin));
  }

  async close(): Promise<void> {
    await this.#table.close();
  }

  async #answer(answer: () => Promise<Buffer>): Promise<Buffer> {
    try {
      return await answer();
    } catch (error) {
      if (error instanceof TrackerError) return encodeTrackerFailure(error.message);
      this.#log.error({ error: messageOf(error) }, 'the tracker could not answer');
      return encodeTrackerFailure('the tracker could not answer, try again later');
    }
  }

  async #announce(search: string, from: string, origin?: PeerAddress): Promise<Buffer> {
    const request = parseAnnounceQuery(search);
    const host = canonicalIp(from);
    if (host === undefined) throw refusal('the address of the peer is unknown');
    if (!(await this.#isAllowed(request.infoHash)))
      throw refusal('this torrent is not tracked here');
    const { infoHash, port } = request;
    const isComplete = request.left === 0;
    const interval = isComplete
      ? (this.#options.seedInterval ?? 900)
      : (this.#options.downloaderInterval ?? 30);
    const answer = { interval, minInterval: this.#options.minInterval ?? 3 };
    if (request.event === 'stopped') {
      await this.#table.remove(infoHash, { host, port });
      return encodeAnnounceResponse({
        ...answer,
        ...(await this.#figures(infoHash, origin)),
        peers: [],
      });
    }
    const introduction = await this.#table.announce(infoHash, {
      address: { host, port },
      zone: request.zone,
      isComplete,
      want: request.numWant,
      lifetime: 2000 * interval + slack,
      origin: origin && { address: origin, most: originLinks },
    });
    return encodeAnnounceResponse({ ...answer, ...withOrigin(introduction, origin) });
  }

  async #scrape(search: string, origin?: PeerAddress): Promise<Buffer> {
    const infoHashes = parseScrapeQuery(search);
    if (infoHashes.length === 0) throw refusal('name the torrents to scrape');
    if (infoHashes.length > largestScrape) {
      throw refusal(`at most ${largestScrape} torrents can be scraped at once`);
    }
    const entries = new Map<InfoHash, ScrapeEntry>();
    for (const infoHash of infoHashes) {
      if (!(await this.#isAllowed(infoHash))) continue;
      entries.set(infoHash, await this.#figures(infoHash, origin));
    }
    return encodeScrapeResponse(entries);
  }

  async #isAllowed(infoHash: InfoHash): Promise<boolean> {
    return (await this.#options.allows?.(infoHash)) ?? true;
  }

  async #figures(infoHash: InfoHash, origin: PeerAddress | undefined): Promise<ScrapeEntry> {
    return withOrigin(await this.#table.figures(infoHash), origin);
  }
}

function withOrigin<T extends { readonly complete: number }>(
  figures: T,
  origin: PeerAddress | undefined,
): T {
  return origin === undefined ? figures : { ...figures, complete: figures.complete + 1 };
}

function refusal(reason: string): TrackerError {
  return new TrackerError('TRACKER_REQUEST_INVALID', reason);
}
