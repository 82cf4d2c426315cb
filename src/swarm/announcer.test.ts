import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { silentLog } from '../base/log.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type {
  AnnounceBatch,
  AnnounceBatchResponse,
  BatchedTorrent,
} from '../torrent/announce-batch.ts';
import type { AnnounceRequest, AnnounceResponse } from '../torrent/announce.ts';
import type { InfoHash, PeerId } from '../torrent/ids.ts';
import { TrackerError } from '../torrent/tracker-error.ts';
import type { TrackerTiers } from '../torrent/tracker-tiers.ts';
import { Announcer, type Announced } from './announcer.ts';
import type { TrackerClient } from './tracker-client.ts';
import { TrackerBook } from './tracker-book.ts';

interface Heard {
  readonly url: string;
  /** Milliseconds of the clock. */
  readonly at: number;
  readonly torrents: readonly BatchedTorrent[];
  readonly isBatch: boolean;
}

/** How a tracker behaves. */
interface Ways {
  isDown?: boolean;
  isSilent?: boolean;
  takesBatches?: boolean;
  /** The torrents that it says no to. */
  refuses?: ReadonlySet<string>;
  /** Seconds. */
  interval?: number;
  known?: number;
}

/** Trackers, a clock and a process whose torrents are announced to them. */
class Scene implements TrackerClient {
  readonly clock = new ManualClock();
  readonly heard: Heard[] = [];
  readonly ways = new Map<string, Ways>();
  readonly book = new TrackerBook({
    client: this,
    clock: this.clock,
    random: seededRandom(7),
    log: silentLog,
    id: 'ab'.repeat(20) as PeerId,
    port: () => 6881,
    zone: undefined,
  });

  async announce(url: string, request: AnnounceRequest): Promise<AnnounceResponse> {
    this.heard.push({ url, at: this.clock.now(), torrents: [request], isBatch: false });
    const answer = await this.#answer(url, request);
    if ('failure' in answer) throw new TrackerError('TRACKER_REFUSED', answer.failure);
    return answer;
  }

  async announceBatch(url: string, { torrents }: AnnounceBatch): Promise<AnnounceBatchResponse> {
    this.heard.push({ url, at: this.clock.now(), torrents, isBatch: true });
    if (this.ways.get(url)?.takesBatches === false) {
      throw new TrackerError('TRACKER_WITHOUT_BATCHES', 'one at a time');
    }
    const answers = torrents.map((torrent) => this.#answer(url, torrent));
    return { interval: 900, minInterval: undefined, torrents: await Promise.all(answers) };
  }

  torrent(index: number, tiers: TrackerTiers, ways: { left?: number } = {}): Announcer {
    const announced: Announced = {
      figures: () => ({
        left: ways.left ?? 0,
        uploaded: 0,
        downloaded: 0,
        connections: 0,
        wanted: 0,
      }),
      found: () => {},
    };
    return new Announcer(infoHash(index), tiers, announced, this.book);
  }

  /** Starts seeds of their own numbers. */
  seeds(count: number, tiers: TrackerTiers): Announcer[] {
    const seeds = Array.from({ length: count }, (_, index) => this.torrent(index, tiers));
    for (const seed of seeds) seed.start();
    return seeds;
  }

  /** Lets time pass in steps, so that answers come in between. */
  async pass(milliseconds: number, step = milliseconds / 20): Promise<void> {
    await setImmediate();
    for (let passed = 0; passed < milliseconds; passed += step) {
      this.clock.advance(step);
      await setImmediate();
    }
  }

  /** What was heard since the last call. */
  take(): Heard[] {
    return this.heard.splice(0);
  }

  async #answer(
    url: string,
    torrent: BatchedTorrent,
  ): Promise<AnnounceResponse | { readonly failure: string }> {
    const ways = this.ways.get(url);
    if (ways?.isDown === true) throw new TrackerError('TRACKER_UNREACHABLE', 'down');
    if (ways?.isSilent === true) return await new Promise(() => {});
    if (ways?.refuses?.has(torrent.infoHash) === true) return { failure: 'not on my list' };
    const complete = ways?.known ?? 1;
    return { interval: ways?.interval ?? 900, complete, incomplete: 0, peers: [] };
  }
}

function infoHash(index: number): InfoHash {
  return index.toString(16).padStart(40, '0') as InfoHash;
}

const minute = 60_000;

suite('announcer', { timeout: 60_000 }, () => {
  test('all that is due at once goes in one request, and one alone as every tracker takes it', async () => {
    const scene = new Scene();
    scene.torrent(1, [['a']], { left: 5 }).start();
    await scene.pass(10);
    assert.deepEqual(
      scene.take().map(({ isBatch, torrents }) => [isBatch, torrents.length]),
      [[false, 1]],
    );
    for (const index of [2, 3, 4]) scene.torrent(index, [['a']], { left: 5 }).start();
    await scene.pass(10);
    const [heard, ...more] = scene.take();
    assert.deepEqual(more, []);
    assert.equal(heard?.isBatch, true);
    assert.deepEqual(
      heard.torrents.map(({ infoHash: hash, event }) => [hash, event]),
      [2, 3, 4].map((index) => [infoHash(index), 'started']),
    );
  });

  test('a tracker that takes one torrent at a time gets them so, and is asked again some hours later', async () => {
    const scene = new Scene();
    scene.ways.set('a', { takesBatches: false });
    scene.seeds(20, [['a']]);
    await scene.pass(100);
    const heard = scene.take();
    assert.deepEqual(
      heard.map(({ isBatch }) => isBatch),
      [true, ...Array.from({ length: 20 }, () => false)],
    );
    assert.equal(new Set(heard.flatMap(({ torrents }) => torrents[0]?.infoHash)).size, 20);

    await scene.pass(60 * minute, 10_000);
    assert.ok(scene.take().every(({ isBatch }) => !isBatch));
    scene.ways.set('a', {});
    await scene.pass(6 * 60 * minute, 10_000);
    scene.take();
    await scene.pass(60 * minute, 10_000);
    const later = scene.take();
    assert.ok(later.length <= 6 && later.every(({ torrents }) => torrents.length === 20));
  });

  test('seeds that began at different times fall into step', async () => {
    const scene = new Scene();
    for (let index = 0; index < 30; index++) {
      scene.torrent(index, [['a']]).start();
      await scene.pass(31_000, 1_000);
    }
    await scene.pass(60 * minute, 1_000);
    scene.take();
    await scene.pass(120 * minute, 1_000);
    const heard = scene.take();
    assert.ok(heard.length >= 6 && heard.length <= 11, `${heard.length} requests in 8 intervals`);
    assert.ok(heard.every(({ torrents }) => torrents.length === 30));
  });

  test('twenty thousand seeds cost twenty requests an interval', async () => {
    const scene = new Scene();
    scene.seeds(20_000, [['a']]);
    await scene.pass(100);
    assert.equal(scene.take().length, 20);
    await scene.pass(30 * minute, 10_000);
    const heard = scene.take();
    assert.ok(heard.length === 20 || heard.length === 40, `${heard.length}`);
    assert.equal(scene.clock.waiting, 1);
  });

  test('a download is not kept waiting by the seeds', async () => {
    const scene = new Scene();
    scene.ways.set('a', { takesBatches: false });
    scene.seeds(5_000, [['a']]);
    scene.torrent(9_999, [['a']], { left: 5 }).start();
    await scene.pass(20, 1);
    const order = scene.take().map(({ torrents }) => torrents[0]?.infoHash);
    assert.ok(order.indexOf(infoHash(9_999)) < 10);
  });

  test('the next tier is asked only when all of a tier fail, and no longer than they do', async () => {
    const scene = new Scene();
    for (const url of ['a', 'b']) scene.ways.set(url, { isDown: true });
    scene.torrent(1, [['a', 'b'], ['c']]).start();
    await scene.pass(100);
    const tried = scene.take().map(({ url }) => url);
    assert.deepEqual(
      tried.slice(0, 2).sort((x, y) => x.localeCompare(y)),
      ['a', 'b'],
    );
    assert.deepEqual(tried.slice(2), ['c']);

    for (const url of ['a', 'b']) scene.ways.set(url, {});
    await scene.pass(20 * minute, 1_000);
    const back = scene.take();
    assert.equal(back.length, 1);
    assert.ok(['a', 'b'].includes(back[0]?.url ?? ''));
    assert.equal(back[0]?.torrents[0]?.event, 'started');
  });

  test('of a tier the one that answered stays in front, for all torrents', async () => {
    const scene = new Scene();
    const probe = scene.torrent(1, [['a', 'b', 'c']]);
    probe.start();
    await scene.pass(100);
    const first = scene.take()[0]?.url ?? '';
    scene.ways.set(first, { isDown: true });
    scene.torrent(2, [['a', 'b', 'c']]).start();
    await scene.pass(100);
    const [, second] = scene.take().map(({ url }) => url);
    assert.ok(second !== undefined && second !== first);
    scene.ways.clear();
    await scene.pass(2 * minute);
    scene.take();
    scene.torrent(3, [['a', 'b', 'c']]).start();
    await scene.pass(100);
    assert.deepEqual(
      scene.take().map(({ url }) => url),
      [second],
    );
  });

  test('a tracker that is down is asked by all seeds together, ever more rarely, and found when it is back', async () => {
    const scene = new Scene();
    scene.ways.set('a', { isDown: true });
    scene.seeds(3_000, [['a']]);
    await scene.pass(60 * minute, 1_000);
    const heard = scene.take();
    const times = [...new Set(heard.map(({ at }) => at))];
    const pauses = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 1000);
    const asked = pauses.map((pause) => Math.round(pause));
    for (const [index, expected] of [30, 60, 120, 240, 480, 900].entries()) {
      const pause = asked[index] ?? 0;
      assert.ok(pause > 0.75 * expected && pause < 1.25 * expected, asked.join(' '));
    }
    scene.ways.set('a', {});
    await scene.pass(20 * minute, 1_000);
    const told = scene.take().flatMap(({ torrents }) => torrents);
    assert.equal(new Set(told.map(({ infoHash: hash }) => hash)).size, 3_000);
  });

  test('a download that lacks peers asks a tracker that is down every half minute at least', async () => {
    const scene = new Scene();
    scene.ways.set('a', { isDown: true });
    scene.torrent(1, [['a']], { left: 5 }).start();
    await scene.pass(10 * minute, 500);
    const count = scene.take().length;
    assert.ok(count >= 15 && count <= 35, `${count}`);
  });

  test('a torrent that one tracker refuses goes to the next, and the others stay', async () => {
    const scene = new Scene();
    scene.ways.set('a', { refuses: new Set([infoHash(1)]) });
    scene.seeds(3, [['a'], ['b']]);
    await scene.pass(100);
    assert.deepEqual(
      scene.take().map(({ url, torrents }) => [url, torrents.length]),
      [
        ['a', 3],
        ['b', 1],
      ],
    );
  });

  test('a torrent that the only tracker refuses is tried again soon', async () => {
    const scene = new Scene();
    scene.ways.set('a', { refuses: new Set([infoHash(0)]) });
    scene.seeds(1, [['a']]);
    await scene.pass(100);
    scene.ways.set('a', {});
    await scene.pass(3_000);
    assert.deepEqual(
      scene.take().map(({ torrents }) => torrents[0]?.event),
      ['started', 'started'],
    );
  });

  test('all say good-bye together, once, and only to the tracker that knows them', async () => {
    const scene = new Scene();
    scene.ways.set('b', { isDown: true });
    const seeds = scene.seeds(50, [['a']]);
    const lost = scene.torrent(99, [['b']]);
    lost.start();
    await scene.pass(100);
    scene.take();
    const ended = Promise.all([...seeds, ...seeds, lost].map((seed) => seed.stop()));
    await scene.pass(20);
    await ended;
    const [heard, ...more] = scene.take();
    assert.deepEqual(more, []);
    assert.equal(heard?.torrents.length, 50);
    assert.ok(heard.torrents.every(({ event, numWant }) => event === 'stopped' && numWant === 0));
    await scene.pass(60 * minute, 10_000);
    assert.deepEqual(scene.take(), []);
  });

  test('a good-bye never overtakes the start that is under way', async () => {
    const scene = new Scene();
    const seed = scene.torrent(1, [['a']]);
    seed.start();
    scene.clock.advance(5);
    const ended = seed.stop();
    assert.deepEqual(
      scene.heard.map(({ torrents }) => torrents[0]?.event),
      ['started'],
    );
    await scene.pass(20);
    await ended;
    assert.deepEqual(
      scene.take().map(({ torrents }) => torrents[0]?.event),
      ['started', 'stopped'],
    );
  });

  test('a tracker that hangs is not waited for longer than a second', async () => {
    const scene = new Scene();
    const seeds = scene.seeds(3, [['a']]);
    await scene.pass(100);
    scene.ways.set('a', { isSilent: true });
    let isOver = false;
    const ended = Promise.all(seeds.map((seed) => seed.stop())).then(() => (isOver = true));
    await scene.pass(900);
    assert.equal(isOver, false);
    await scene.pass(150);
    await ended;
    assert.equal(scene.clock.waiting, 0);
  });

  test('without trackers nothing is announced, and it is known at once that none will answer', async () => {
    const scene = new Scene();
    const torrent = scene.torrent(1, []);
    torrent.start();
    assert.equal(torrent.isTried, true);
    torrent.complete();
    await torrent.stop();
  });
});
