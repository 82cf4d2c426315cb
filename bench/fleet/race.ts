import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/base/errors.ts';
import type { HostPlan } from './host-plan.ts';
import type { StartGate } from './start-gate.ts';

/** A host in a race: it waits at the gate. */
export interface Runner {
  readonly plan: HostPlan;
  /** Resolves when the host has everything; rejects when it will not. */
  readonly whole: Promise<unknown>;
  /** Kills what runs on the host, as a power cut does. */
  kill(): Promise<void>;
  /** Starts the host again, with what is on its disk. */
  revive(): Promise<void>;
  /** How many of its pulls failed so far, and were begun again. */
  failures(): number;
}

export interface HostResult {
  readonly plan: HostPlan;
  /** From the host's own start until it had everything; undefined when it never had. */
  readonly seconds: number | undefined;
  readonly problem: string | undefined;
  readonly failures: number;
}

/** Starts all hosts at once, kills and revives those that are to be, and tells when each had everything. */
export async function race(
  runners: readonly Runner[],
  gate: StartGate,
  boundSeconds: number,
): Promise<HostResult[]> {
  const started = performance.now();
  await gate.open();
  return Promise.all(
    runners.map(async (runner) => {
      const { plan } = runner;
      const done = new AbortController();
      const churned = churn(runner, boundSeconds, done.signal);
      try {
        await Promise.race([runner.whole, churned.then(() => runner.whole)]);
        const seconds = (performance.now() - started) / 1000 - plan.delay;
        return { plan, seconds, problem: undefined, failures: runner.failures() };
      } catch (error) {
        const problem = messageOf(error);
        return { plan, seconds: undefined, problem, failures: runner.failures() };
      } finally {
        done.abort();
      }
    }),
  );
}

/** Kills the host and lets it come back, if that is in store for it and it does not have everything before. */
async function churn(runner: Runner, boundSeconds: number, done: AbortSignal): Promise<void> {
  const { churn, delay } = runner.plan;
  if (churn === undefined) return;
  const atMilliseconds = (delay + churn.after * boundSeconds) * 1000;
  const isDone = await sleep(atMilliseconds, false, { signal: done }).catch(() => true);
  if (isDone) return;
  await runner.kill();
  await sleep(churn.down * 1000);
  await runner.revive();
}
