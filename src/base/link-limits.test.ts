import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { bothWays, limitLink, ratesAt, type LinkLimits } from './link-limits.ts';
import { ManualClock } from './manual-clock.ts';
import { TokenBucket } from './rate-limiter.ts';

const at = (time: string): number => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
};

/** A clock and a wall clock that stands at a time of some day when it begins. */
function timeFrom(time: string) {
  const clock = new ManualClock();
  const begun = new Date(2026, 0, 15, 0, at(time)).getTime();
  return { clock, wallTime: () => begun + clock.now() };
}

suite('link limits', () => {
  test('hours hold from their first minute to the one before their last', () => {
    const limits = {
      ...bothWays(50),
      hours: [{ from: at('08:00'), until: at('18:00'), upload: 5 }],
    };
    const uploads = ['07:59', '08:00', '17:59', '18:00'].map(
      (time) => ratesAt(limits, at(time)).upload,
    );
    assert.deepEqual(uploads, [50, 5, 5, 50]);
    assert.equal(ratesAt(limits, at('12:00')).download, 50);
  });

  test('hours that end before they begin go over midnight', () => {
    const limits = { hours: [{ from: at('22:30'), until: at('06:00'), download: 7 }] };
    const times = ['22:29', '22:30', '23:59', '00:00', '05:59', '06:00'];
    const downloads = times.map((time) => ratesAt(limits, at(time)).download);
    assert.deepEqual(downloads, [undefined, 7, 7, 7, 7, undefined]);
  });

  test('hours can lift a limit, and each direction has its own', () => {
    const night = { from: at('20:00'), until: at('06:00'), upload: Infinity };
    const evening = { from: at('19:00'), until: at('21:00'), upload: 9, download: 8 };
    const limits: LinkLimits = { ...bothWays(1), hours: [night, evening] };
    assert.deepEqual(ratesAt(limits, at('19:30')), { upload: 9, download: 8 });
    assert.deepEqual(ratesAt(limits, at('20:30')), { upload: undefined, download: 8 });
    assert.deepEqual(ratesAt(limits, at('23:00')), { upload: undefined, download: 1 });
  });

  test('who waits when other hours begin waits by their limit', async () => {
    const { clock, wallTime } = timeFrom('17:58');
    const hours = [{ from: at('08:00'), until: at('18:00'), upload: 1_000 }];
    const link = limitLink({ hours }, clock, wallTime);
    assert.equal(link.upload.take(16_384), undefined);
    let isOver = false;
    const turn = link.upload.take(10_000_000)?.then(() => (isOver = true));
    clock.advance(119_999);
    await Promise.resolve();
    assert.equal(isOver, false);
    clock.advance(1);
    await turn;
    assert.equal(link.upload.take(10_000_000), undefined);
    assert.equal(link.download.take(10_000_000), undefined);
    link.stop();
    assert.equal(clock.waiting, 0);
  });

  test('the limits follow a host whose time is set', () => {
    const clock = new ManualClock();
    let now = new Date(2026, 0, 15, 12, 0).getTime();
    const hours = [{ from: at('22:00'), until: at('23:00'), download: 5_000 }];
    const link = limitLink({ hours }, clock, () => now);
    assert.ok(link.download instanceof TokenBucket);
    assert.equal(link.download.rate, undefined);
    now = new Date(2026, 0, 15, 22, 30).getTime();
    clock.advance(60_000);
    assert.equal(link.download.rate, 5_000);
    link.stop();
  });
});
