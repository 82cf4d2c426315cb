import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { sha256Of } from '../../oci/digest.ts';
import { pushBlob, team } from '../registry-testing.ts';
import { GcSchedule } from './gc-schedule.ts';
import { AgingRegistry, longAfter } from './gc-testing.ts';

const hour = 3600_000;
const blob = Buffer.from('a blob without a manifest');

/** A registry whose schedule goes by a clock that is moved by hand; `lead` is how far the wall clock is ahead of it. */
async function harness() {
  const it = await AgingRegistry.open();
  const clock = new ManualClock();
  const time = { lead: 0 };
  const schedule = new GcSchedule({
    garbage: it.registry.garbage,
    interval: hour,
    clock,
    wallTime: () => clock.now() + time.lead,
    log: silentLog,
  });
  const isThere = async (): Promise<boolean> =>
    (await it.registry.catalog.blobs.findAnywhere(sha256Of(blob))) !== undefined;
  const settled = async (): Promise<void> => {
    while (it.registry.garbage.isRunning) await delay(2);
  };
  return {
    it,
    clock,
    time,
    schedule,
    isThere,
    settled,
    [Symbol.asyncDispose]: async () => {
      await schedule.close();
      await it[Symbol.asyncDispose]();
    },
  };
}

test('garbage is collected some minutes after the start, and then at intervals', async () => {
  await using my = await harness();
  for (const wait of [10 * 60_000, hour, hour]) {
    await pushBlob(my.it.registry, team, blob);
    my.it.age(longAfter);
    my.clock.advance(wait - 1);
    await my.settled();
    assert.equal(await my.isThere(), true);
    my.clock.advance(1);
    await my.settled();
    assert.equal(await my.isThere(), false);
  }
});

test('a collection is left out when the clock was moved before it, and the next one goes on', async () => {
  await using my = await harness();
  await pushBlob(my.it.registry, team, blob);
  my.it.age(longAfter);
  my.time.lead = 365 * 24 * hour;
  my.clock.advance(10 * 60_000);
  await my.settled();
  assert.equal(await my.isThere(), true);
  my.clock.advance(hour);
  await my.settled();
  assert.equal(await my.isThere(), false);
});

test('a schedule that is closed collects no more', async () => {
  await using my = await harness();
  await pushBlob(my.it.registry, team, blob);
  my.it.age(longAfter);
  await my.schedule.close();
  assert.equal(my.clock.waiting, 0);
  my.clock.advance(10 * hour);
  await my.settled();
  assert.equal(await my.isThere(), true);
});
