/**
 * `npm run conformance`: the official conformance suite against this registry. Exit code 0: nothing failed and nothing was
 * left out; 1: something did; 2: it could not be run, and what to do about it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { findGo } from './go.ts';
import { readOptions, usage, type Options } from './options.ts';
import { runSuite } from './run-suite.ts';
import { buildPinnedSuite, buildSuiteIn } from './source.ts';
import { targetsFor } from './targets.ts';

const cache = join(import.meta.dirname, '..', '..', '.work', 'distribution-spec');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

class CannotRun extends Error {}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) say(usage);
  else process.exitCode = await main(options);
} catch (error) {
  if (!(error instanceof CannotRun || error instanceof TypeError)) throw error;
  process.stderr.write(`conformance: ${messageOf(error)}\n`);
  process.exitCode = 2;
}

async function main(options: Options): Promise<number> {
  const go = findGo();
  if ('missing' in go) throw new CannotRun(go.missing);
  const folder = await mkdtemp(join(tmpdir(), 'docket-suite-'));
  try {
    const suite =
      options.suite === undefined
        ? await buildPinnedSuite(go, folder, cache)
        : buildSuiteIn(go, resolve(options.suite), folder);
    if ('missing' in suite) throw new CannotRun(suite.missing);
    say(`the suite of ${suite.source}, built by Go ${go.version}`);
    const results =
      options.results === undefined ? join(folder, 'results') : resolve(options.results);
    await mkdir(results, { recursive: true });
    return await runAll(suite.program, options, results);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runAll(program: string, options: Options, results: string): Promise<number> {
  const all = [];
  for (const target of targetsFor(options.versions)) {
    const summary = await runSuite(program, target, join(results, target.name));
    const { passed, failed, skipped, failures } = summary;
    say(`${target.name.padEnd(12)} ${passed} passed, ${failed} failed, ${skipped} left out`);
    for (const failure of failures) say(`  ${failure}`);
    all.push({ name: target.name, passed, failed, skipped, isPart: target.isPart });
  }
  if (options.json) say(JSON.stringify({ results: all }));
  const isWhole = all.every(
    ({ passed, failed, skipped, isPart }) =>
      passed > 0 && failed === 0 && (isPart || skipped === 0),
  );
  return isWhole ? 0 : 1;
}
