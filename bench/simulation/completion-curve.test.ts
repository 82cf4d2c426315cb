import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completionCurve } from './completion-curve.ts';

test('the curve goes from nobody at the beginning up to all at the end', () => {
  const svg = completionCurve([1, 2, 4], 3, 2);
  const points = /points="([^"]*)"/
    .exec(svg)?.[1]
    ?.split(' ')
    .map((point) => point.split(','));
  assert.equal(points?.length, 4);
  const xs = points.map(([x]) => Number(x));
  const ys = points.map(([, y]) => Number(y));
  assert.deepEqual(
    xs,
    xs.toSorted((a, b) => a - b),
  );
  assert.deepEqual(
    ys,
    ys.toSorted((a, b) => b - a),
  );
  assert.match(svg, /^<svg .*<\/svg>\n$/s);
});

test('a curve of many hosts is no longer than what can be seen of it', () => {
  const times = Array.from({ length: 100_000 }, (_, index) => index / 1000);
  assert.ok(completionCurve(times, times.length, 50).length < 30_000);
});
