import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseRateHours } from './rate-hours.ts';

suite('rate hours', () => {
  test('they name a part of the day and a limit for one direction or both', () => {
    assert.deepEqual(parseRateHours(['08:00-18:00 upload=10MB/s download=20MB']), [
      { from: 480, until: 1080, upload: 10e6, download: 20e6 },
    ]);
    assert.deepEqual(parseRateHours(['22:30-6:00 rate=100MB', '6:00-22:30 upload=unlimited']), [
      { from: 1350, until: 360, upload: 100e6, download: 100e6 },
      { from: 360, until: 1350, upload: Infinity },
    ]);
    assert.deepEqual(parseRateHours(['18:00-24:00 rate=1MB, 00:00-06:00 rate=unlimited']), [
      { from: 1080, until: 0, upload: 1e6, download: 1e6 },
      { from: 0, until: 360, upload: Infinity, download: Infinity },
    ]);
    assert.deepEqual(parseRateHours([]), []);
  });

  test('what cannot be meant is refused, with the reason', () => {
    const cases = [
      ['', 'expected like'],
      ['8-18 rate=1MB', 'expected like'],
      ['08:00-18:00', 'no rate is given'],
      ['08:00-18:00 10MB', 'expected like'],
      ['08:00-18:00 up=10MB', 'expected like'],
      ['08:00-18:60 rate=1MB', "there is no 18:60 o'clock"],
      ['08:00-25:00 rate=1MB', "there is no 25:00 o'clock"],
      ['24:00-06:00 rate=1MB', 'a day begins at 00:00'],
      ['08:00-08:00 rate=1MB', 'they end when they begin'],
      ['08:00-18:00 rate=1MB upload=2MB', 'the upload rate is given twice'],
      ['08:00-18:00 rate=1kB', 'too slow'],
      ['08:00-18:00 rate=1MB,12:00-13:00 rate=2MB', 'a limit for 12:00'],
      ['22:00-06:00 rate=1MB,05:00-07:00 upload=2MB', 'a limit for 05:00'],
    ] as const;
    for (const [text, reason] of cases) {
      assert.throws(
        () => parseRateHours([text]),
        (error: Error & { code?: string }) =>
          error.code === 'USAGE' && error.message.includes(reason),
        text,
      );
    }
    assert.throws(() => parseRateHours(['08:00-18:00 rate=fast']), { code: 'UNIT_INVALID' });
  });

  test('hours of different directions may overlap', () => {
    assert.equal(parseRateHours(['08:00-18:00 upload=1MB', '12:00-13:00 download=1MB']).length, 2);
  });
});
