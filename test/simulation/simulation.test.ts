import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runScenario } from './run.ts';
import { drawScenario, type Wishes } from './scenario/draw-scenario.ts';

async function play(seed: number, wishes: Wishes = {}): Promise<number> {
  const { violations, fingerprint } = await runScenario(drawScenario(seed, wishes));
  assert.deepEqual(
    violations.slice(0, 3),
    [],
    `seed ${seed}: npm run simulate:engine -- --seed ${seed} --trace`,
  );
  return fingerprint;
}

suite('the engine in a simulated world', { timeout: 120_000 }, () => {
  test('small swarms end whole and right, whatever goes wrong', async () => {
    for (let seed = 1; seed <= 60; seed++) await play(seed);
  });

  test('50 hosts without a fault', async () => {
    await play(1, { hosts: 50, isCalm: true });
  });

  test('50 hosts with faults and enemies', async () => {
    for (const seed of [2, 3]) await play(seed, { hosts: 50, isCalm: false });
  });

  test('a seed is the same run each time', async () => {
    for (const seed of [5, 11]) assert.equal(await play(seed), await play(seed));
  });
});
