import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';
import type { Comparison, Verdict } from './compare-passwords.ts';

/** Compares passwords away from the thread that answers requests: each takes a tenth of a second. */
parentPort?.on('message', ({ id, password, hash }: Comparison) => {
  const verdict: Verdict = { id, isSame: compareSync(password, hash) };
  parentPort?.postMessage(verdict);
});
