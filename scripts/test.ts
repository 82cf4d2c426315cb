/**
 * Runs the tests: `npm test`, or some of them: `npm test -- bencode swarm/`. What begins with a dash goes to Node's test
 * runner: `npm test -- --test-name-pattern=mirror`. The tests with real clients (test/clients) start daemons and move much
 * data, so they run last and one after another.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, sep } from 'node:path';

const root = dirname(import.meta.dirname);
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

const folders = ['src', 'test', 'demo', 'bench'];
const files = globSync(
  folders.map((folder) => `${folder}/**/*.test.ts`),
  { cwd: root },
)
  .map((file) => file.replaceAll(sep, '/'))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .toSorted();
const withClients = files.filter((file) => file.startsWith('test/clients/'));
const others = files.filter((file) => !file.startsWith('test/clients/'));

let isInterrupted = false;

/** Runs one batch of files to its end; the exit code. */
function run(batch: readonly string[], concurrency: number, minutes: number): Promise<number> {
  const options = [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${minutes * 60_000}`,
    ...flags,
  ];
  const child = spawn(process.execPath, [...options, ...batch], { cwd: root, stdio: 'inherit' });
  const end = (signal: NodeJS.Signals): void => {
    isInterrupted = true;
    child.kill(signal);
  };
  process.on('SIGTERM', end).on('SIGINT', end);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGTERM', end).off('SIGINT', end);
      resolve(signal === null ? (code ?? 1) : 1);
    });
  });
}

if (files.length === 0) {
  process.stderr.write(`no test file's name contains ${filters.join(' or ')}\n`);
  process.exitCode = 1;
}
if (others.length > 0) process.exitCode = await run(others, Math.min(4, availableParallelism()), 3);
if (withClients.length > 0 && !isInterrupted) {
  process.exitCode = (await run(withClients, 1, 15)) || process.exitCode;
}
