/**
 * Pushes, pulls, deletes, collects garbage and kills the registry for long: `npm run soak -- --minutes 10`. `--seed N` does other
 * things; default: with the time. Ends with one line of JSON.
 */
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const result = await soak({
  milliseconds: Number(values.minutes) * 60_000,
  seed: Number(values.seed),
  grace: 20_000,
  say: (line) => void process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit();
