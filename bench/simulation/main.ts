/** How an image comes to thousands of hosts: `npm run simulate -- --help`. */
import { writeFile } from 'node:fs/promises';
import { messageOf } from '../../src/base/errors.ts';
import { completionCurve } from './completion-curve.ts';
import { figuresOf } from './figures.ts';
import { parseOptions, usage, type SimulationOptions } from './options.ts';
import { reportOf } from './report.ts';
import { simulateApart } from './roomy-thread.ts';

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(usage);
  else await run(options);
} catch (error) {
  process.stderr.write(`Error: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function run({ scenario, svg, json }: SimulationOptions): Promise<void> {
  const began = performance.now();
  const outcome = await simulateApart(scenario);
  const { user, system } = process.cpuUsage();
  const figures = figuresOf(scenario, outcome, {
    wallSeconds: (performance.now() - began) / 1000,
    cpuSeconds: (user + system) / 1e6,
  });
  (json ? process.stderr : process.stdout).write(reportOf(figures));
  if (svg !== undefined)
    await writeFile(svg, completionCurve(outcome.all, scenario.hosts, outcome.bound));
  if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  if (figures.unfinished > 0) process.exitCode = 1;
}
