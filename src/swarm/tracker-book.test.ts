import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { infoHashOf, peerIdOf } from '../torrent/ids.ts';
import { Announcer } from './announcer.ts';
import { TrackerBook } from './tracker-book.ts';

/** A book whose tracker never answers; `asked` are the moments at which it was asked. */
function silentTracker(): { clock: ManualClock; book: TrackerBook; asked: number[] } {
  const clock = new ManualClock();
  const asked: number[] = [];
  const fail = (): Promise<never> => {
    asked.push(clock.now());
    return Promise.reject(new Error('it is down'));
  };
  const book = new TrackerBook({
    client: { announce: fail, announceBatch: fail },
    clock,
    random: () => 0.5,
    log: silentLog,
    id: peerIdOf(Buffer.alloc(20)),
    port: () => 6881,
    zone: undefined,
  });
  return { clock, book, asked };
}

suite('tracker book', () => {
  test('who has closed all waits for no good-bye any more, and leaves no timer', async () => {
    const { clock, book } = silentTracker();
    const over = book.farewellOver();
    assert.equal(clock.waiting, 1);
    book.close();
    await over;
    assert.equal(clock.waiting, 0);
  });

  test('a tracker that never answered is asked again soon while a download has few peers, whoever they are', async () => {
    const { clock, book, asked } = silentTracker();
    const figures = { left: 1, uploaded: 0, downloaded: 0, connections: 10, wanted: 50 };
    const infoHash = infoHashOf(Buffer.alloc(20));
    const announced = { figures: () => figures, found: () => {} };
    new Announcer(infoHash, [['http://10.0.0.1/announce']], announced, book).start();
    for (let second = 0; second < 300; second++) {
      clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    assert.ok(pauses.length > 5 && Math.max(...pauses) < 35_000, pauses.join(' '));
    book.close();
  });
});
