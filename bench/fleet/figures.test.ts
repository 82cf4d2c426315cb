import assert from 'node:assert/strict';
import test from 'node:test';
import { figuresOf, type Outcome } from './figures.ts';
import type { HostPlan } from './host-plan.ts';
import type { HostResult } from './race.ts';

const usage = {
  cpu: { host: 3, origin: 1, client: 0.5 },
  memory: { host: 2e8, origin: 1e8, client: 1e6 },
  machineBusy: 0.5,
};

function result(kind: HostPlan['kind'], seconds: number | undefined, failures = 0): HostResult {
  const plan = { name: kind, rate: 1, kind, delay: 0, zone: undefined, churn: undefined };
  return { plan, seconds, problem: undefined, failures };
}

function outcome(results: readonly HostResult[], zoneBytes: readonly number[] = []): Outcome {
  return { name: 'docket', results, usage, originSent: 220, zoneBytes };
}

test('a host that never had everything makes the last one never, not the first ones', () => {
  const figures = figuresOf(
    outcome([result('healthy', 10), result('healthy', undefined)]),
    10,
    200,
  );
  assert.equal(figures.finished, 1);
  assert.equal(figures.first, 10);
  assert.equal(figures.last, null);
  assert.equal(figures.lastOverBound, null);
});

test('healthy, slow and killed hosts are told apart', () => {
  const results = [result('healthy', 11), result('slow', 110), result('churned', 20, 7)];
  const figures = figuresOf(outcome(results, [220, 240]), 10, 200);
  assert.equal(figures.last, 110);
  assert.equal(figures.lastOverBound, 11);
  assert.equal(figures.healthyLast, 11);
  assert.equal(figures.healthyLastOverBound, 1.1);
  assert.equal(figures.slowLast, 110);
  assert.equal(figures.churnedLast, 20);
  assert.equal(figures.failedPulls, 0);
  assert.equal(figures.originCopies, 1.1);
  assert.deepEqual(figures.zoneCopies, [1.1, 1.2]);
  assert.equal(figures.cpuSeconds, 4);
  assert.equal(figures.hostPeakRssMB, 200);
});
