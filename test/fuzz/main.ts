/**
 * Tries inputs for long: `npm run fuzz -- --minutes 5 [target…]`. What fails is kept in the corpus, where `npm test` tries it
 * again each time. `--seed N` begins elsewhere; default: with the time.
 */
import { parseArgs } from 'node:util';
import { keep } from './corpus.ts';
import { explore } from './explore.ts';
import { targets } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const chosen = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no target ${unknown.join(', ')}; there are ${targets.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}
process.on('unhandledRejection', (error) => {
  process.stderr.write(`a promise was rejected unheard: ${String(error)}\n`);
  process.exit(1);
});

for (const target of chosen) {
  const outcome = await explore(target, {
    seed: Number(values.seed),
    milliseconds: Number(values.minutes) * 60_000,
  });
  process.stdout.write(`${target.name}: ${outcome.runs} inputs\n`);
  if (outcome.failure === undefined) continue;
  const file = keep(target.name, outcome.failure.input);
  const { error } = outcome.failure;
  process.stdout.write(
    `${error instanceof Error ? error.stack : String(error)}\nkept in ${file}\n`,
  );
  process.exitCode = 1;
}
process.exit();
