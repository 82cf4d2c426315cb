import assert from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { planHosts } from './host-plan.ts';
import { parseOptions } from './options.ts';

const plan = (seed: number, ...args: string[]) => planHosts(parseOptions(args), seededRandom(seed));

test('the same seed gives the same fates, another seed others', () => {
  const args = ['--churn', '20', '--slow', '20', '--stagger', '10'];
  assert.deepEqual(plan(1, ...args), plan(1, ...args));
  assert.notDeepEqual(plan(1, ...args), plan(2, ...args));
});

test('as many hosts are slow and killed as was asked for, and none is both', () => {
  const plans = plan(3, '--churn', '20', '--slow', '10');
  const slow = plans.filter(({ kind }) => kind === 'slow');
  const churned = plans.filter(({ churn }) => churn !== undefined);
  assert.equal(slow.length, 2);
  assert.equal(churned.length, 4);
  for (const { rate, churn } of slow) assert.deepEqual([rate, churn], [1_250_000, undefined]);
  for (const { kind, churn } of churned) {
    assert.equal(kind, 'churned');
    assert.ok(churn !== undefined && churn.after >= 0.1 && churn.after <= 0.9);
    assert.ok(churn.down >= 2 && churn.down <= 5);
  }
});

test('a staggered start is spread evenly, in any order', () => {
  const delays = plan(1, '--hosts', '4', '--stagger', '8').map(({ delay }) => delay);
  assert.deepEqual(
    delays.toSorted((a, b) => a - b),
    [0, 2, 4, 6],
  );
});

test('zones get the same number of hosts', () => {
  const zones = plan(1, '--hosts', '6', '--zones', '3').map(({ zone }) => zone);
  assert.deepEqual(zones, ['z1', 'z2', 'z3', 'z1', 'z2', 'z3']);
  assert.equal(plan(1)[0]?.zone, undefined);
});
