import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf } from './figures.ts';
import { parseOptions } from './options.ts';
import { simulate, type Outcome } from './simulate.ts';

const hosts = 100;

function run(...args: readonly string[]): Outcome {
  const usual = ['--hosts', String(hosts), '--size', '20MB', '--rate', '10mbit'];
  return simulate(parseOptions([...usual, ...args]).scenario);
}

test('a hundred hosts have all soon after one copy could be sent, and the origin sends little more than one', () => {
  const { bound, all, originCopies, waste, unfinished } = run();
  assert.equal(bound, 16);
  assert.equal(all.length, hosts);
  assert.equal(unfinished, 0);
  const last = all.at(-1) ?? Infinity;
  assert.ok(last > bound && last < 1.15 * bound, `last after ${last} s`);
  assert.ok(originCopies >= 1 && originCopies < 1.1, `origin sent ${originCopies} copies`);
  assert.ok(waste < 0.01, `${waste} came in vain`);
});

test('the same seed gives the same, another seed something else', () => {
  const [first, again, other] = [run('--seed', '7'), run('--seed', '7'), run('--seed', '8')];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first.all, other.all);
});

test('hosts that are killed come back and finish', () => {
  const { all, unfinished, bound, healthy } = run('--churn', '10');
  assert.equal(unfinished, 0);
  assert.equal(all.length, hosts);
  assert.equal(healthy.length, hosts * 0.9);
  assert.ok((healthy.at(-1) ?? Infinity) < 1.2 * bound);
});

test('what comes into a zone is counted', () => {
  const scenario = parseOptions(['--hosts', '40', '--size', '4MB', '--zones', '2']).scenario;
  const { zoneCopies } = figuresOf(scenario, simulate(scenario), {
    wallSeconds: 0,
    cpuSeconds: 0,
  });
  assert.equal(zoneCopies.length, 2);
  // The origin is in no zone, so all of the image comes in at least once.
  for (const copies of zoneCopies) assert.ok(copies >= 1 && copies < 20, `${copies} copies`);
});
