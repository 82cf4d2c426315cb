import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { peerIdOf } from '../torrent/ids.ts';
import { TrackerBook } from './tracker-book.ts';

test('who has closed all waits for no good-bye any more, and leaves no timer', async () => {
  const clock = new ManualClock();
  const unasked = (): Promise<never> => Promise.reject(new Error('nobody announces'));
  const book = new TrackerBook({
    client: { announce: unasked, announceBatch: unasked },
    clock,
    random: () => 0,
    log: silentLog,
    id: peerIdOf(Buffer.alloc(20)),
    port: () => 6881,
    zone: undefined,
  });
  const over = book.farewellOver();
  assert.equal(clock.waiting, 1);
  book.close();
  await over;
  assert.equal(clock.waiting, 0);
});
