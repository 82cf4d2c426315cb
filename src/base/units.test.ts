import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { formatBytes, formatDuration, parseBytes, parseDuration, UnitError } from './units.ts';

suite('units', () => {
  test('sizes are read in decimal and binary units, with and without /s', () => {
    const sizes: readonly [string, number][] = [
      ['0', 0],
      ['512', 512],
      ['100MB', 100_000_000],
      ['100mb/s', 100_000_000],
      ['64KiB', 65_536],
      ['1.5 GB', 1_500_000_000],
      ['2GiB/s', 2_147_483_648],
      ['3k', 3_000],
      ['1T', 1e12],
      [' 7 B ', 7],
    ];
    for (const [text, bytes] of sizes) assert.equal(parseBytes(text), bytes, text);
  });

  test('what is no size is an error that says how to write one', () => {
    for (const text of [
      '',
      'MB',
      '-1',
      '1e3',
      '5 i',
      '5ki',
      '1,5GB',
      '10XB',
      '1 2',
      'NaN',
      '99999TB',
    ])
      assert.throws(
        () => parseBytes(text),
        (error) => {
          assert.ok(error instanceof UnitError && error.code === 'UNIT_INVALID', text);
          assert.match(error.message, /100MB/);
          return true;
        },
      );
  });

  test('durations are read in parts, a plain number as seconds', () => {
    const durations: readonly [string, number][] = [
      ['45s', 45_000],
      ['10m', 600_000],
      ['1h30m', 5_400_000],
      ['2d', 172_800_000],
      ['250ms', 250],
      ['1m500ms', 60_500],
      ['1.5s', 1_500],
      ['30', 30_000],
      ['0.25', 250],
    ];
    for (const [text, milliseconds] of durations)
      assert.equal(parseDuration(text), milliseconds, text);
  });

  test('what is no duration is an error', () => {
    for (const text of ['', 's', '1x', '-5s', '1h 30m', '1h30', '5 s'])
      assert.throws(() => parseDuration(text), UnitError, text);
  });

  test('sizes are written with at most three digits', () => {
    const sizes: readonly [number, string][] = [
      [0, '0 B'],
      [999, '999 B'],
      [1_000, '1 kB'],
      [999_499, '999 kB'],
      [999_500, '1 MB'],
      [1_500_000_000, '1.5 GB'],
      [123_456_789, '123 MB'],
      [5e18, '5000 PB'],
    ];
    for (const [bytes, text] of sizes) assert.equal(formatBytes(bytes), text);
  });

  test('a size that is written is read as about the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999e12 }), (bytes) => {
        const read = parseBytes(formatBytes(bytes));
        assert.ok(Math.abs(read - bytes) <= bytes * 0.005 + 0.5, `${bytes}: ${read}`);
      }),
    );
  });

  test('durations are written for people', () => {
    const durations: readonly [number, string][] = [
      [0, '0.0s'],
      [1_234, '1.2s'],
      [12_345, '12s'],
      [59_700, '1m 00s'],
      [65_000, '1m 05s'],
      [3_600_000, '1h 00m'],
      [5_430_000, '1h 30m'],
    ];
    for (const [milliseconds, text] of durations) assert.equal(formatDuration(milliseconds), text);
  });
});
