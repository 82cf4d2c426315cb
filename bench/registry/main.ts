/** Docket's registry against another one: `npm run bench:registry -- --help`. */
import type { Workplace } from '../../test/lab/workplace.ts';
import { runBench } from '../run-bench.ts';
import { caseOf } from './cases.ts';
import { docket, dockerRegistry, missingDockerRegistry, type Contender } from './contenders.ts';
import { measure, type Measured } from './measure.ts';
import { parseOptions, usage, type RegistryBenchOptions } from './options.ts';
import { headOfTable, resultOf, rowOf, type CaseResult } from './report.ts';

await runBench({ name: 'registries', usage, parseOptions, run });

async function run(
  options: RegistryBenchOptions,
  place: Workplace,
  say: (line: string) => void,
): Promise<object> {
  const missing = options.alone ? undefined : missingDockerRegistry();
  if (missing !== undefined) {
    process.stderr.write(`Only docket is measured, there is no ratio: ${missing}\n`);
  }
  const own = docket(options.cpuProfile);
  const contenders = options.alone || missing !== undefined ? [own] : [own, dockerRegistry];
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
  return { results };
}
