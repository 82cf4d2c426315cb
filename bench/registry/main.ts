/** Docket's registry against another one: `npm run bench:registry -- --help`. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { Workplace } from '../../test/lab/workplace.ts';
import { caseOf } from './cases.ts';
import { docket, dockerRegistry, missingDockerRegistry, type Contender } from './contenders.ts';
import { measure, type Measured } from './measure.ts';
import { parseOptions, usage, type RegistryBenchOptions } from './options.ts';
import { headOfTable, resultOf, rowOf, type CaseResult } from './report.ts';

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(usage);
  else await run(options);
} catch (error) {
  process.stderr.write(`Error: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function run(options: RegistryBenchOptions): Promise<void> {
  const say = (line: string): void => {
    (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const missing = options.alone ? undefined : missingDockerRegistry();
  if (missing !== undefined) {
    process.stderr.write(`Only docket is measured, there is no ratio: ${missing}\n`);
  }
  const own = docket(options.cpuProfile);
  const contenders = options.alone || missing !== undefined ? [own] : [own, dockerRegistry];
  if (options.cpuProfile !== undefined) await mkdir(options.cpuProfile, { recursive: true });
  await using place = new Workplace(await mkdtemp(join(options.folder, 'docket-registries-')));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void place[Symbol.asyncDispose]().then(() => process.exit(1));
    });
  }
  say(headOfTable);
  const results: CaseResult[] = [];
  for (const name of options.cases) {
    const bench = caseOf(name, options);
    const taking = bench.isAlone ? [own] : contenders;
    const rounds = new Map<Contender, Measured[]>(taking.map((contender) => [contender, []]));
    for (let round = 0; round < (bench.isAlone ? 1 : options.runs); round++) {
      // Whoever goes first pays for what the machine does once.
      for (const contender of round % 2 === 0 ? taking : taking.toReversed()) {
        rounds.get(contender)?.push(await measure(place, contender, bench));
      }
    }
    const result = resultOf(bench, rounds.get(own) ?? [], rounds.get(dockerRegistry) ?? []);
    results.push(result);
    say(rowOf(result));
    if (result.clientShare > 0.95)
      say('  the client used a whole core: it may be what was measured');
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ results })}\n`);
}
