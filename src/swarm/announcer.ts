import { messageOf } from '../base/errors.ts';
import type { AnnounceRequest } from '../torrent/announce.ts';
import { announceDelay } from '../torrent/announce-delay.ts';
import type { InfoHash, PeerAddress } from '../torrent/ids.ts';
import type { Environment } from './environment.ts';

/** What a tracker is told, and who hears its answer. */
export interface Announced {
  /** Bytes that are missing. */
  left(): number;
  uploaded(): number;
  downloaded(): number;
  connections(): number;
  found(peers: readonly PeerAddress[]): void;
}

/** Peers asked for in one announce. */
const numWant = 50;

/** The least and most a tracker's interval is taken for, in milliseconds. */
const intervalBounds = [1_000, 3_600_000] as const;

/** Tells one tracker of one torrent, from `start` to `stop`, and passes on the peers it gives. */
export class Announcer {
  readonly #url: string;
  readonly #infoHash: InfoHash;
  readonly #announced: Announced;
  readonly #env: Environment;
  readonly #abort = new AbortController();
  #cancel = (): void => {};
  /** Events that the tracker has not taken yet, the first of them next. */
  readonly #due: ('started' | 'completed')[] = ['started'];
  #isAnnouncing = false;
  /** True when the tracker knows us, or may. */
  #isKnown = false;
  #failures = 0;
  /** True once the tracker answered, or failed to. */
  isTried = false;

  constructor(url: string, infoHash: InfoHash, announced: Announced, env: Environment) {
    this.#url = url;
    this.#infoHash = infoHash;
    this.#announced = announced;
    this.#env = env;
  }

  /** Announces after `delay` milliseconds, then as often as is right. */
  start(delay = 0): void {
    this.#cancel = this.#env.clock.after(delay, () => void this.#announce());
  }

  /** The download is whole: the tracker is told as soon as it knows of its start. */
  complete(): void {
    this.#due.push('completed');
    if (this.#due.length > 1 || this.#isAnnouncing) return;
    this.#cancel();
    void this.#announce();
  }

  /** Says good-bye, if the tracker may know us. Never throws; waits a second at most. */
  async stop(): Promise<void> {
    this.#cancel();
    this.#abort.abort();
    if (!this.#isKnown) return;
    this.#isKnown = false;
    const goodBye = this.#env.trackers.announce(
      this.#url,
      this.#request('stopped'),
      AbortSignal.timeout(1_000),
    );
    await goodBye.catch(() => {});
  }

  async #announce(): Promise<void> {
    const { trackers, clock, random, log } = this.#env;
    let interval = 60_000;
    let minInterval: number | undefined;
    const wasKnown = this.#isKnown;
    this.#isKnown = true;
    this.#isAnnouncing = true;
    try {
      const [event] = this.#due;
      const request = this.#request(event);
      const answer = await trackers.announce(this.#url, request, this.#abort.signal);
      if (event !== undefined) this.#due.shift();
      this.#failures = 0;
      const [least, most] = intervalBounds;
      interval = Math.min(Math.max(answer.interval * 1000, least), most);
      minInterval =
        answer.minInterval === undefined ? undefined : Math.min(answer.minInterval * 1000, most);
      this.#announced.found(answer.peers);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#isKnown = wasKnown;
      this.#failures++;
      log.debug(
        { tracker: this.#url, infoHash: this.#infoHash, error: messageOf(error) },
        'announce failed',
      );
    }
    this.#isAnnouncing = false;
    this.isTried = true;
    if (this.#abort.signal.aborted) return;
    const state = {
      isComplete: this.#announced.left() === 0,
      connections: this.#announced.connections(),
      failures: this.#failures,
      interval,
      minInterval,
    };
    const isDue = this.#due.length > 0 && this.#failures === 0;
    const delay = isDue ? 0 : announceDelay(state, random());
    this.#cancel = clock.after(delay, () => void this.#announce());
  }

  #request(event: AnnounceRequest['event']): AnnounceRequest {
    return {
      infoHash: this.#infoHash,
      peerId: this.#env.id,
      port: this.#env.port(),
      uploaded: this.#announced.uploaded(),
      downloaded: this.#announced.downloaded(),
      left: this.#announced.left(),
      event,
      numWant: event === 'stopped' || this.#announced.left() === 0 ? 0 : numWant,
      zone: this.#env.zone,
    };
  }
}
