import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { failureDelay } from '../torrent/announce-delay.ts';
import { largestBatch, type BatchedTorrent } from '../torrent/announce-batch.ts';
import type { AnnounceResponse } from '../torrent/announce.ts';
import type { PeerId } from '../torrent/ids.ts';
import type { Zone } from '../torrent/zone.ts';
import type { TrackerClient } from './tracker-client.ts';

/** A torrent that is to be announced. */
export interface DueTorrent {
  /** When, in milliseconds of the clock. */
  readonly dueAt: number;
  /** From when on it may go along with others that are due; Infinity: never. */
  readonly mayAt: number;
  /** True for a download that lacks peers. */
  readonly isHurried: boolean;
  /** True when nothing is to be told any more. */
  readonly isOver: boolean;
  /** True from its time on until it hears the outcome. */
  isUnderWay: boolean;
  /** What the tracker is told. */
  tell(): BatchedTorrent;
  /** `chance` spreads the next announces, alike for all that were answered at once. */
  answered(answer: AnnounceResponse, chance: number): void;
  /** The tracker says no to this torrent. */
  refused(): void;
  /** The tracker does not answer. */
  failed(): void;
}

/** What a peer is to all its trackers. */
export interface ScheduleParts {
  readonly client: TrackerClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly id: PeerId;
  readonly port: () => number;
  readonly zone: Zone | undefined;
}

/** Milliseconds that a torrent waits for others, such as the layers of the same image. */
const company = 5;
const requestsAtOnce = { batches: 4, singles: 8 };
/** A tracker that takes one torrent at a time is asked again after this many milliseconds whether it takes more. */
const singlesLast = 6 * 3600_000;

/**
 * The announces of all torrents of this process to one tracker: what is due at the same time goes in one request, seeds
 * fall into step, and a tracker that is down is asked once, not once a torrent.
 */
export class TrackerSchedule {
  readonly url: string;
  readonly #parts: ScheduleParts;
  readonly #abort = new AbortController();
  /** Those that wait for their time. */
  readonly #waiting = new Set<DueTorrent>();
  /** Those whose time has come. */
  #queue: DueTorrent[] = [];
  #underWay = 0;
  #wakesAt = Infinity;
  #isWaking = false;
  #cancel = (): void => {};
  #failures = 0;
  #failedAt = 0;
  #chance = 0;
  #singlesUntil = -Infinity;

  constructor(url: string, parts: ScheduleParts) {
    this.url = url;
    this.#parts = parts;
  }

  /** When it may be asked again; a time in the past when it may be now. */
  retryAt(isHurried: boolean): number {
    if (this.#failures === 0) return -Infinity;
    return this.#failedAt + failureDelay(this.#failures, isHurried, this.#chance);
  }

  /** Announces the torrent when it is due. It leaves the list with that. */
  add(torrent: DueTorrent): void {
    if (this.#abort.signal.aborted) return;
    this.#waiting.add(torrent);
    this.#wakeBy(torrent.dueAt);
  }

  /** Announces the torrent without a wait, together with all others of this moment: who ends may have no other. */
  addNow(torrent: DueTorrent): void {
    if (this.#abort.signal.aborted) return;
    this.#waiting.add(torrent);
    if (this.#isWaking) return;
    this.#isWaking = true;
    queueMicrotask(() => this.#wake());
  }

  remove(torrent: DueTorrent): void {
    this.#waiting.delete(torrent);
  }

  close(): void {
    this.#abort.abort();
    this.#cancel();
    this.#waiting.clear();
    this.#queue = [];
  }

  get #isBatching(): boolean {
    return this.#parts.clock.now() >= this.#singlesUntil;
  }

  #wakeBy(time: number): void {
    if (time >= this.#wakesAt) return;
    const { clock } = this.#parts;
    this.#cancel();
    this.#wakesAt = time;
    const delay = Math.max(0, time - clock.now()) + company;
    this.#cancel = clock.after(delay, () => this.#wake());
  }

  #wake(): void {
    this.#cancel();
    this.#wakesAt = Infinity;
    this.#isWaking = false;
    const due = this.#takeDue(this.#parts.clock.now());
    // Seeds may be thousands, and a download cannot wait for them.
    this.#queue.unshift(...due.filter((torrent) => torrent.isHurried));
    for (const torrent of due) if (!torrent.isHurried) this.#queue.push(torrent);
    this.#ask();
    let next = Infinity;
    for (const torrent of this.#waiting) next = Math.min(next, torrent.dueAt);
    if (next < Infinity) this.#wakeBy(next);
  }

  /** With a seed that is due go all that may: from then on they are due together. */
  #takeDue(now: number): DueTorrent[] {
    const due: DueTorrent[] = [];
    const willing: DueTorrent[] = [];
    for (const torrent of this.#waiting) {
      if (torrent.dueAt <= now) due.push(torrent);
      else if (torrent.mayAt <= now) willing.push(torrent);
    }
    if (this.#isBatching && due.some((torrent) => torrent.mayAt < Infinity)) due.push(...willing);
    for (const torrent of due) {
      torrent.isUnderWay = true;
      this.#waiting.delete(torrent);
    }
    return due;
  }

  #ask(): void {
    while (this.#queue.length > 0 && this.#underWay < this.#requestsAtOnce()) {
      const torrents = this.#queue
        .splice(0, this.#isBatching ? largestBatch : 1)
        .filter((torrent) => !torrent.isOver && this.#mayAskFor(torrent));
      if (torrents.length === 0) continue;
      this.#underWay++;
      const begun = this.#parts.clock.now();
      const asking =
        torrents.length === 1
          ? this.#announce(torrents[0] as DueTorrent)
          : this.#announceBatch(torrents);
      void asking
        .catch((error: unknown) => this.#failed(torrents, error, begun))
        .finally(() => {
          this.#underWay--;
          this.#ask();
        });
    }
  }

  /** A tracker that did not answer is tried with one request before it gets all. */
  #requestsAtOnce(): number {
    if (this.#failures > 0) return 1;
    return this.#isBatching ? requestsAtOnce.batches : requestsAtOnce.singles;
  }

  #mayAskFor(torrent: DueTorrent): boolean {
    if (this.retryAt(torrent.isHurried) <= this.#parts.clock.now()) return true;
    torrent.failed();
    return false;
  }

  async #announce(torrent: DueTorrent): Promise<void> {
    const { client, id, port, zone, random } = this.#parts;
    const request = { ...torrent.tell(), peerId: id, port: port(), zone };
    try {
      const answer = await client.announce(this.url, request, this.#abort.signal);
      this.#failures = 0;
      torrent.answered(answer, random());
    } catch (error) {
      if (codeOf(error) !== 'TRACKER_REFUSED') throw error;
      this.#failures = 0;
      torrent.refused();
    }
  }

  async #announceBatch(torrents: readonly DueTorrent[]): Promise<void> {
    const { client, id, port, zone, random } = this.#parts;
    const told = torrents.map((torrent) => torrent.tell());
    const batch = { peerId: id, port: port(), zone, torrents: told };
    const { minInterval, torrents: answers } = await client.announceBatch(
      this.url,
      batch,
      this.#abort.signal,
    );
    this.#failures = 0;
    const chance = random();
    for (const [index, torrent] of torrents.entries()) {
      const answer = answers[index];
      if (answer === undefined) torrent.failed();
      else if ('failure' in answer) torrent.refused();
      else torrent.answered({ ...answer, minInterval }, chance);
    }
  }

  #failed(torrents: readonly DueTorrent[], error: unknown, begun: number): void {
    if (this.#abort.signal.aborted) return;
    const { clock, log, random } = this.#parts;
    if (codeOf(error) === 'TRACKER_WITHOUT_BATCHES') {
      this.#singlesUntil = clock.now() + singlesLast;
      this.#queue.unshift(...torrents);
      return;
    }
    // Requests that fail at the same time are one failure.
    if (this.#failures === 0 || begun >= this.#failedAt) {
      this.#failures++;
      this.#failedAt = clock.now();
      this.#chance = random();
      log.debug(
        { tracker: this.url, torrents: torrents.length, error: messageOf(error) },
        'announce failed',
      );
    }
    for (const torrent of torrents) torrent.failed();
  }
}
