import { writeSync } from 'node:fs';
import { FaultPlan } from '../storage/fault-testing.ts';
import { live, type Told } from './crash-testing.ts';
import { openTestRegistryIn } from './registry-testing.ts';

/**
 * For tests: a process that lives in a folder until it kills itself at a step, and writes a line for each answer it gave.
 * Its arguments: the folder, and the number of the step.
 */
const [folder = '', step = ''] = process.argv.slice(2);
const it = await openTestRegistryIn(folder, new FaultPlan('kill', Number(step)));
await live(it.registry, (done, told: Told) => {
  writeSync(1, `${JSON.stringify({ done, upload: told.upload ?? null })}\n`);
});
// Not closed: it ends as it stands.
process.exit(0);
