import { every, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { silentLog, type Log } from '../base/log.ts';
import { allReady, whenReady, type MaybePromise } from '../base/maybe-promise.ts';
import type { Random } from '../base/random.ts';
import {
  type AnnounceRequest,
  type AnnounceResponse,
  asksForDictionaries,
  encodeAnnounceDictionaries,
  encodeAnnounceResponse,
  parseAnnounceQuery,
} from '../torrent/announce.ts';
import {
  type BatchedAnswer,
  encodeAnnounceBatchResponse,
  parseAnnounceBatch,
} from '../torrent/announce-batch.ts';
import { firstPeerPort } from '../torrent/dial-rules.ts';
import type { InfoHash, PeerAddress, PeerId } from '../torrent/ids.ts';
import { canonicalIp } from '../torrent/ip-address.ts';
import { encodeScrapeResponse, parseScrapeQuery, type ScrapeEntry } from '../torrent/scrape.ts';
import { encodeTrackerFailure } from '../torrent/tracker-answer.ts';
import { TrackerError } from '../torrent/tracker-error.ts';
import { AnnounceBudget } from './announce-budget.ts';
import { MemoryPeerTable } from './memory-peer-table.ts';
import type { Introduction, PeerTable, SwarmFigures } from './peer-table.ts';

export interface TrackerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  /** Where the peers are kept; default: in memory. */
  readonly table?: PeerTable;
  /** Which torrents are tracked; default: all. */
  readonly allows?: (infoHash: InfoHash) => MaybePromise<boolean>;
  /** Hears of each peer that lacks something. */
  readonly heardOf?: (infoHash: InfoHash, peerId: PeerId, address: PeerAddress) => void;
  /** Seconds between the announces of a seed; default 900. */
  readonly seedInterval?: number;
  /** Seconds between the announces of a peer that lacks something; default 30. */
  readonly downloaderInterval?: number;
  /** Seconds that a peer must leave between two announces; default 3. */
  readonly minInterval?: number;
}

/** Whoever asks a tracker. */
export interface Sender {
  /** Where its connection comes from. */
  readonly host: string;
  /** Which torrents it may hear of; default: all that are tracked. */
  readonly allows?: (infoHash: InfoHash) => MaybePromise<boolean>;
}

/** How many downloaders the origin is introduced to at a time: the others get the bytes from those. */
export const originLinks = 60;
/** Milliseconds that a peer may be late for its second announce before it is forgotten. */
const slack = 15_000;
/** Seconds between two announces, as the tracker asks for them unless told otherwise. */
export const usualIntervals = { seed: 900, downloader: 30, least: 3 } as const;
/** The most torrents of one scrape. */
const largestScrape = 64;
const sweepInterval = 10_000;

/** For how many milliseconds a peer is listed that is to announce again after `interval` seconds. */
export function listedFor(interval: number): number {
  return 2000 * interval + slack;
}

/**
 * A BitTorrent tracker without its network faces: what is asked in, answers out (BEP 3, 7, 23, 48, and Docket's batches).
 * It answers at once when its table and its list of torrents do.
 */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #log: Log;
  readonly #table: PeerTable;
  readonly #budget: AnnounceBudget;
  readonly #stopSweeping: () => void;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#table = options.table ?? new MemoryPeerTable(options);
    this.#budget = new AnnounceBudget(options.clock);
    this.#stopSweeping = every(options.clock, sweepInterval, () => this.#budget.sweep());
  }

  /**
   * Answers an announce whose query is `search`, from a peer whose connection comes from `from.host`. `origin`, an IP
   * address and port, is the registry's own seeder: it is given to peers that lack something, and counts as one complete
   * peer. Never fails: what goes wrong is answered as a failure reason.
   */
  announce(search: string, from: Sender, origin?: PeerAddress): MaybePromise<Buffer> {
    return this.#answer(() => {
      const request = parseAnnounceQuery(search);
      const encode = asksForDictionaries(search)
        ? encodeAnnounceDictionaries
        : encodeAnnounceResponse;
      return whenReady(this.introduce(request, from, origin), encode);
    });
  }

  /** Answers the announces of one peer for many torrents, each on its own (`announce-batch.ts`). Never fails. */
  announceBatch(body: Uint8Array, from: Sender, origin?: PeerAddress): MaybePromise<Buffer> {
    return this.#answer(() => {
      const { peerId, port, zone, torrents } = parseAnnounceBatch(body);
      const sender = this.#admit(from, torrents.length);
      const answers = torrents.map((torrent) =>
        this.#batched({ peerId, port, zone, ...torrent }, sender, origin),
      );
      return whenReady(allReady(answers), (all) => {
        const first = all.find((answer) => 'interval' in answer);
        return encodeAnnounceBatchResponse({
          interval: first?.interval ?? this.#interval(false),
          minInterval: this.#minInterval,
          torrents: all,
        });
      });
    });
  }

  /** Answers a scrape, with the figures of the torrents that it names. Never fails. */
  scrape(search: string, origin?: PeerAddress, from?: Sender): MaybePromise<Buffer> {
    return this.#answer(() => {
      const infoHashes = parseScrapeQuery(search);
      if (infoHashes.length === 0) throw refusal('name the torrents to scrape');
      if (infoHashes.length > largestScrape) {
        throw refusal(`at most ${largestScrape} torrents can be scraped at once`);
      }
      return whenReady(this.figures(infoHashes, origin, from), (entries) => {
        const known = infoHashes.flatMap((infoHash, index) => {
          const entry = entries[index];
          return entry === undefined ? [] : [[infoHash, entry] as const];
        });
        return encodeScrapeResponse(new Map(known));
      });
    });
  }

  /** As `announce`, for a face with a form of its own. Throws TrackerError when it says no. */
  introduce(
    request: AnnounceRequest,
    from: Sender,
    origin?: PeerAddress,
  ): MaybePromise<AnnounceResponse> {
    return this.#introduce(request, this.#admit(from, 1), origin);
  }

  /** The figures of torrents, in their order; undefined for those that are not tracked here. */
  figures(
    infoHashes: readonly InfoHash[],
    origin?: PeerAddress,
    from?: Sender,
  ): MaybePromise<readonly (ScrapeEntry | undefined)[]> {
    return allReady(
      infoHashes.map((infoHash) =>
        whenReady(this.#isAllowed(infoHash, from), (isAllowed) =>
          isAllowed ? this.#figures(infoHash, origin) : undefined,
        ),
      ),
    );
  }

  /** What a peer is told when something goes wrong: what it did wrong, but nothing of what happens here. */
  reasonOf(error: unknown): string {
    if (error instanceof TrackerError) return error.message;
    this.#log.error({ error: messageOf(error) }, 'the tracker could not answer');
    return 'the tracker could not answer, try again later';
  }

  async close(): Promise<void> {
    this.#stopSweeping();
    await this.#table.close();
  }

  #answer(answer: () => MaybePromise<Buffer>): MaybePromise<Buffer> {
    const failure = (error: unknown): Buffer => encodeTrackerFailure(this.reasonOf(error));
    try {
      const given = answer();
      return given instanceof Promise ? given.catch(failure) : given;
    } catch (error) {
      return failure(error);
    }
  }

  #batched(
    request: AnnounceRequest,
    from: Sender,
    origin: PeerAddress | undefined,
  ): MaybePromise<BatchedAnswer> {
    const failure = (error: unknown): BatchedAnswer => ({ failure: this.reasonOf(error) });
    try {
      const response = this.#introduce(request, from, origin);
      return response instanceof Promise ? response.catch(failure) : response;
    } catch (error) {
      return failure(error);
    }
  }

  /** The sender, its address in its one spelling. Throws when it has none, or asks for too much. */
  #admit(from: Sender, announces: number): Sender {
    const host = canonicalIp(from.host);
    if (host === undefined) throw refusal('the address of the peer is unknown');
    if (this.#budget.take(host, announces)) return { ...from, host };
    throw refusal('too many announces come from this host, try again later');
  }

  #introduce(
    request: AnnounceRequest,
    from: Sender,
    origin: PeerAddress | undefined,
  ): MaybePromise<AnnounceResponse> {
    return whenReady(this.#isAllowed(request.infoHash, from), (isAllowed) => {
      if (!isAllowed) throw refusal('this torrent is not tracked here');
      return this.#allowed(request, from.host, origin);
    });
  }

  #allowed(
    request: AnnounceRequest,
    host: string,
    origin: PeerAddress | undefined,
  ): MaybePromise<AnnounceResponse> {
    const { infoHash, event, zone, left, numWant } = request;
    const address = { host, port: request.port < firstPeerPort ? 0 : request.port };
    const isComplete = left === 0;
    const interval = this.#interval(isComplete);
    const respond = (
      { complete, incomplete }: SwarmFigures,
      { peers, rows }: Pick<Introduction, 'peers' | 'rows'>,
    ): AnnounceResponse => ({
      interval,
      minInterval: this.#minInterval,
      complete: origin === undefined ? complete : complete + 1,
      incomplete,
      peers,
      ...(rows && { rows }),
    });
    if (event === 'stopped') {
      return whenReady(this.#table.remove(infoHash, address), () =>
        whenReady(this.#table.figures(infoHash), (figures) => respond(figures, { peers: [] })),
      );
    }
    if (!isComplete) this.#options.heardOf?.(infoHash, request.peerId, address);
    const introduction = this.#table.announce(infoHash, {
      address,
      zone,
      isComplete,
      left,
      want: numWant,
      lifetime: listedFor(interval),
      origin: origin && { address: origin, most: originLinks },
    });
    return whenReady(introduction, (given) => respond(given, given));
  }

  #interval(isComplete: boolean): number {
    const { seed, downloader } = usualIntervals;
    const { seedInterval = seed, downloaderInterval = downloader } = this.#options;
    return isComplete ? seedInterval : downloaderInterval;
  }

  get #minInterval(): number {
    return this.#options.minInterval ?? usualIntervals.least;
  }

  #isAllowed(infoHash: InfoHash, from?: Sender): MaybePromise<boolean> {
    return whenReady(
      this.#options.allows?.(infoHash) ?? true,
      (isTracked) => isTracked && (from?.allows?.(infoHash) ?? true),
    );
  }

  #figures(infoHash: InfoHash, origin: PeerAddress | undefined): MaybePromise<ScrapeEntry> {
    return whenReady(this.#table.figures(infoHash), ({ complete, incomplete, downloaded }) => ({
      complete: origin === undefined ? complete : complete + 1,
      incomplete,
      downloaded,
    }));
  }
}

function refusal(reason: string): TrackerError {
  return new TrackerError('TRACKER_REQUEST_INVALID', reason);
}
