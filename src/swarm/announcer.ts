import { announceDelay, lacksPeers, refusalDelay } from '../torrent/announce-delay.ts';
import type { BatchedTorrent } from '../torrent/announce-batch.ts';
import type { AnnounceResponse } from '../torrent/announce.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { TrackerOrder, TrackerTiers } from '../torrent/tracker-tiers.ts';
import type { TrackerBook } from './tracker-book.ts';
import type { DueTorrent, TrackerSchedule } from './tracker-schedule.ts';

/** A torrent's figures at one moment. */
export interface AnnouncedFigures {
  /** Bytes that are missing. */
  readonly left: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly connections: number;
  /** How many peers are wanted. */
  readonly wanted: number;
}

/** What trackers are told of torrents, and who hears their answers: one for each download, and one for all seeds. */
export interface Announced {
  figures(infoHash: InfoHash): AnnouncedFigures;
  /** `incomplete` is how many peers lack something, as far as the tracker knows. */
  found(infoHash: InfoHash, peers: readonly PeerAddress[], incomplete: number): void;
}

/** The least and most a tracker's interval is taken for, in milliseconds. */
const intervalBounds = [1_000, 3_600_000] as const;

/**
 * Tells the trackers of one torrent, from `start` to `stop`: the first that answers, in the order of its tiers (BEP 12).
 * A registry has one for each of its blobs, so it is small.
 */
export class Announcer implements DueTorrent {
  dueAt = 0;
  mayAt = Infinity;
  /** True once a tracker answered, or all failed to. */
  isTried = false;
  isOver = false;
  isUnderWay = false;
  readonly #infoHash: InfoHash;
  readonly #book: TrackerBook;
  readonly #order: TrackerOrder;
  #announced: Announced;
  /** Bytes downloaded before the blob was a seed. */
  #downloaded = 0;
  /** Where it is announced next. */
  #tracker: TrackerSchedule | undefined;
  #isSent = false;
  /** The tracker that knows us. */
  #knownAt: TrackerSchedule | undefined;
  #told: BatchedTorrent['event'];
  #isCompletionDue = false;
  #ending: PromiseWithResolvers<void> | undefined;
  /** The trackers that did not help in this round. */
  #tried: Set<string> | undefined;
  #refusals = 0;
  /** How many other peers the tracker knows; one that has not answered yet may know any number. */
  #others = Infinity;

  constructor(infoHash: InfoHash, tiers: TrackerTiers, announced: Announced, book: TrackerBook) {
    this.#infoHash = infoHash;
    this.#announced = announced;
    this.#book = book;
    this.#order = book.order(tiers);
  }

  /** Announces, and goes on as often as is right. */
  start(): void {
    if (!this.isOver) this.#next();
  }

  /** The download is whole: the tracker is told as soon as it knows of its start. */
  complete(): void {
    this.#isCompletionDue = true;
    if (this.#knownAt !== undefined && !this.isUnderWay) this.#plan(this.#book.now());
  }

  /** The download is over and the torrent a seed like others: from now on `announced` speaks for it. */
  handOver(announced: Announced): void {
    this.#downloaded = this.#announced.figures(this.#infoHash).downloaded;
    this.#announced = announced;
  }

  /** Says good-bye, if a tracker knows us. Never rejects; waits a second at most. */
  async stop(): Promise<void> {
    if (this.isOver) return;
    if (this.#ending === undefined) {
      this.#ending = Promise.withResolvers();
      if (!this.isUnderWay) this.#leave();
      else if (!this.#isSent && this.#knownAt === undefined) this.#end();
    }
    await Promise.race([this.#ending.promise, this.#book.farewellOver()]);
    this.#end();
  }

  get isHurried(): boolean {
    const { left, connections } = this.#announced.figures(this.#infoHash);
    return (
      this.#ending === undefined &&
      lacksPeers({ isComplete: left === 0, connections, known: this.#others })
    );
  }

  tell(): BatchedTorrent {
    this.#isSent = true;
    this.#told = this.#event();
    const { left, uploaded, downloaded, wanted } = this.#announced.figures(this.#infoHash);
    return {
      infoHash: this.#infoHash,
      uploaded,
      downloaded: this.#downloaded + downloaded,
      left,
      event: this.#told,
      numWant: this.#told === 'stopped' ? 0 : wanted,
    };
  }

  answered(answer: AnnounceResponse, chance: number): void {
    if (!this.#heard() || this.#tracker === undefined) return;
    if (this.#told === 'stopped') return this.#end();
    if (this.#told === 'completed') this.#isCompletionDue = false;
    this.#knownAt = this.#tracker;
    this.#order.answered(this.#tracker.url);
    this.#tried = undefined;
    this.#refusals = 0;
    this.#others = Math.max(0, answer.complete + answer.incomplete - 1);
    this.isTried = true;
    if (this.#ending !== undefined) return this.#leave();
    this.#announced.found(this.#infoHash, answer.peers, answer.incomplete);
    return this.#planNext(answer, chance);
  }

  refused(): void {
    if (!this.#heard()) return;
    if (this.#ending !== undefined) return this.#end();
    if (this.#knownAt === this.#tracker) this.#knownAt = undefined;
    this.#refusals++;
    this.#next();
  }

  failed(): void {
    if (!this.#heard()) return;
    if (this.#ending !== undefined) return this.#end();
    this.#next();
  }

  #heard(): boolean {
    this.isUnderWay = false;
    this.#isSent = false;
    return !this.isOver;
  }

  #event(): BatchedTorrent['event'] {
    if (this.#ending !== undefined) return 'stopped';
    if (this.#knownAt !== this.#tracker) return 'started';
    return this.#isCompletionDue ? 'completed' : undefined;
  }

  #planNext(answer: AnnounceResponse, chance: number): void {
    const now = this.#book.now();
    if (this.#isCompletionDue) return this.#plan(now);
    const { left, connections } = this.#announced.figures(this.#infoHash);
    const [least, most] = intervalBounds;
    const isComplete = left === 0;
    const interval = Math.min(Math.max(answer.interval * 1000, least), most);
    const minInterval =
      answer.minInterval === undefined ? undefined : Math.min(answer.minInterval * 1000, most);
    const state = { isComplete, connections, known: this.#others, interval, minInterval };
    // A seed goes along with others from half its time on: so the seeds of a host fall into step.
    const mayAt = isComplete ? now + Math.max(interval / 2, minInterval ?? 0) : Infinity;
    return this.#plan(now + announceDelay(state, chance), mayAt);
  }

  /** After a tracker did not help: the next one at once, or all of them again later. */
  #next(): void {
    if (this.#tracker !== undefined) {
      this.#tried ??= new Set();
      this.#tried.add(this.#tracker.url);
    }
    const now = this.#book.now();
    const { isHurried } = this;
    let retryAt = Infinity;
    for (const url of this.#order) {
      const tracker = this.#book.at(url);
      const at = tracker.retryAt(isHurried);
      retryAt = Math.min(retryAt, at);
      if (at <= now && this.#tried?.has(url) !== true) return this.#planAt(tracker, now);
    }
    this.isTried = true;
    this.#tried = undefined;
    if (retryAt === Infinity) return undefined;
    const pause =
      this.#refusals === 0 ? 0 : refusalDelay(this.#refusals, isHurried, this.#book.random());
    return this.#plan(Math.max(now + pause, retryAt));
  }

  /** At the first tracker that may be asked then. */
  #plan(at: number, mayAt = Infinity): void {
    const { isHurried } = this;
    for (const url of this.#order) {
      const tracker = this.#book.at(url);
      if (tracker.retryAt(isHurried) <= at) return this.#planAt(tracker, at, mayAt);
    }
    return undefined;
  }

  #planAt(tracker: TrackerSchedule, at: number, mayAt = Infinity): void {
    this.#tracker?.remove(this);
    this.#tracker = tracker;
    this.dueAt = at;
    this.mayAt = mayAt;
    tracker.add(this);
  }

  #leave(): void {
    if (this.#knownAt === undefined) return this.#end();
    this.#tracker?.remove(this);
    this.#tracker = this.#knownAt;
    this.dueAt = this.#book.now();
    return this.#tracker.addNow(this);
  }

  #end(): void {
    this.isOver = true;
    this.#tracker?.remove(this);
    this.#ending?.resolve();
  }
}
