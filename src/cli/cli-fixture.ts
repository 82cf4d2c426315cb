import { spawn, type ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bothWays } from '../base/link-limits.ts';
import { silentLog } from '../base/log.ts';
import { startRegistry } from '../server/registry-role.ts';
import { testFolder } from './image/image-fixtures.ts';
import { run } from './run.ts';

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs in a process of its own. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output or error holds a line that matches. */
  line(pattern: RegExp): Promise<void>;
}

const main = fileURLToPath(new URL('main.ts', import.meta.url));

/** Starts `docket` with an environment that holds nothing but `env`; the test ends it if it does not end. */
export function startCli(
  t: TestContext,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [main, ...command], {
    env: { DOCKET_AGENT: 'none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let seen = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      for (const watch of watchers) watch();
    });
  }
  const code = new Promise<number | null>((resolve) => void child.once('exit', resolve));
  const ended = Promise.all([code, text(child.stdout), text(child.stderr)]).then(
    ([exit, stdout, stderr]) => ({ code: exit, stdout, stderr }),
  );
  const line = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        if (!pattern.test(seen)) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      watch();
      void ended.then(() => reject(new Error(`no line like ${pattern} in:\n${seen}`)));
    });
  return { child, ended, line };
}

/** Runs `docket` to its end. */
export async function runCli(
  t: TestContext,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return await startCli(t, command, env).ended;
}

/** Runs `docket` to its end in the test's own process, which is quicker. */
export async function runInProcess(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const writer = (name: keyof typeof said) => ({
    write(more: string) {
      said[name] += more;
    },
  });
  const code = await run(command, {
    env: { DOCKET_AGENT: 'none', ...env },
    stdout: writer('stdout'),
    stderr: writer('stderr'),
    signal: new AbortController().signal,
  });
  return { code, ...said };
}

/** A registry in the test's own process, and a folder for clients. */
export async function registryFixture(
  t: TestContext,
  rate?: number,
): Promise<{ readonly url: string; readonly port: string; readonly folder: string }> {
  const folder = await testFolder(t);
  const registry = await startRegistry({
    host: '127.0.0.1',
    port: 0,
    location: `${folder}/registry`,
    peerHost: '127.0.0.1',
    peerPort: 0,
    link: bothWays(rate),
    log: silentLog,
  });
  t.after(() => registry.close());
  return { url: registry.url, port: new URL(registry.url).port, folder };
}
