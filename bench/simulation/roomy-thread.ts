/** Simulates in a thread of its own, which may have more memory: most of what is made for a piece does not outlive it. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { simulate, type Outcome, type Scenario } from './simulate.ts';

const resourceLimits = { maxYoungGenerationSizeMb: 384, maxOldGenerationSizeMb: 8192 };

/** As `simulate`. Throws what that throws. */
export function simulateApart(scenario: Scenario): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const worker = new Worker(new URL(import.meta.url), { workerData: scenario, resourceLimits });
  worker.once('message', resolve);
  worker.once('error', reject);
  return promise;
}

if (!isMainThread) parentPort?.postMessage(simulate(workerData as Scenario));
