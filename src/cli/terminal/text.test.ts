import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateMeter } from './rate-meter.ts';
import { formatTable } from './table.ts';
import { timeAgo } from './time-ago.ts';

test('a table has columns as wide as their widest cell, and no blanks at the end', () => {
  assert.equal(
    formatTable(
      ['A', 'BB'],
      [
        ['one', '1'],
        ['three', '22'],
      ],
    ),
    'A       BB\none     1\nthree   22\n',
  );
});

const agos: readonly (readonly [number, string])[] = [
  [-5, 'just now'],
  [0, 'just now'],
  [59, '59 seconds ago'],
  [60, '1 minute ago'],
  [3600, '1 hour ago'],
  [47 * 3600, '47 hours ago'],
  [48 * 3600, '2 days ago'],
  [20 * 86_400, '2 weeks ago'],
  [90 * 86_400, '3 months ago'],
  [800 * 86_400, '2 years ago'],
];
for (const [seconds, text] of agos) {
  test(`${seconds} seconds are ${text}`, () => assert.equal(timeAgo(0, seconds * 1000), text));
}

test('a time that is not known is shown as none', () => {
  assert.equal(timeAgo(Number.NaN, 0), '-');
});

test('a rate follows what comes, and beginning anew does not make it negative', () => {
  let now = 0;
  const meter = new RateMeter(() => now);
  const after = (milliseconds: number, done: number): number => {
    now += milliseconds;
    return meter.rate(done);
  };
  after(0, 0);
  assert.equal(after(1000, 1000), 1000);
  assert.ok(after(1000, 3000) > 1000);
  assert.ok(after(1000, 0) > 0);
  assert.ok(after(60_000, 0) < 1);
});
