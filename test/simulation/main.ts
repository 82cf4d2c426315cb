/**
 * Plays seeds with the real engine in a simulated world: `npm run simulate:engine -- --runs 2000 --seed 1`. One that fails is
 * named with how to play it again: `--seed N --trace`.
 */
import { parseArgs } from 'node:util';
import { runScenario } from './run.ts';
import { drawScenario } from './scenario/draw-scenario.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    hosts: { type: 'string' },
    calm: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    plan: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

const first = Number(values.seed);
const runs = Number(values.runs);
const hosts = values.hosts === undefined ? undefined : Number(values.hosts);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const began = performance.now();
let events = 0;
const failed: number[] = [];
for (let seed = first; seed < first + runs; seed++) {
  const scenario = drawScenario(seed, { hosts, isCalm: values.calm ? true : undefined });
  if (values.plan) print(JSON.stringify(scenario, undefined, 2));
  const startedAt = performance.now();
  const result = await runScenario(scenario, values.trace ? print : undefined);
  events += result.events;
  if (values.twice) {
    const again = await runScenario(scenario);
    if (again.fingerprint !== result.fingerprint) {
      failed.push(seed);
      print(`seed ${seed}: not the same when it is played again`);
    }
  }
  const took = performance.now() - startedAt;
  if (runs === 1 || took > 10_000)
    print(
      `seed ${seed}: ${scenario.hosts.length} hosts, ${result.events} events, ${Math.round(result.completeAt)} ms, ` +
        `fingerprint ${result.fingerprint.toString(16)}, took ${Math.round(took)} ms`,
    );
  if (result.violations.length === 0) continue;
  failed.push(seed);
  const again = `npm run simulate:engine -- --seed ${seed}${hosts === undefined ? '' : ` --hosts ${hosts}`} --trace`;
  print(`seed ${seed} FAILED; again: ${again}`);
  for (const { at, who, what } of result.violations.slice(0, 5))
    print(`  ${at.toFixed(3)} ms ${who}: ${what}`);
  if (!values['keep-going']) break;
}
const seconds = (performance.now() - began) / 1000;
print(
  `${runs} runs, ${events} events in ${seconds.toFixed(1)} s; failed: ${failed.length === 0 ? 'none' : failed.join(' ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
