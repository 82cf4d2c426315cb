import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = join(import.meta.dirname, '../src/cli/main.ts');
const startWithin = 30_000;
const stopWithin = 5_000;

/** All programs that were started and have not ended. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A role of Docket in a process of its own, as an operator starts it. */
export interface RoleProcess {
  readonly url: string;
  readonly port: number;
  readonly peerPort: number;
  /** Resolves, with its last words, when the process has ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Runs `docket registry` or `docket agent`; resolves when it accepts requests. */
export async function startRole(
  role: 'registry' | 'agent',
  options: readonly string[],
): Promise<RoleProcess> {
  const { child, ended } = start([role, ...options, '--log-level', 'warn']);
  const ready = new Promise<RegExpExecArray>((resolve) => {
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      const match = /^docket \w+ ready: (http:\/\/\S+:(\d+)) peers (\d+)$/.exec(line);
      if (match !== null) resolve(match);
    });
  });
  const timer = new AbortController();
  const match = await Promise.race([
    ready,
    ended.then((words) => Promise.reject(new Error(`docket ${role} ended:\n${words}`))),
    waitOrReject(startWithin, `docket ${role} was not ready in time`, timer.signal),
  ]).finally(() => timer.abort());
  return {
    url: `http://127.0.0.1:${match[2]}`,
    port: Number(match[2]),
    peerPort: Number(match[3]),
    ended,
    async stop() {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), stopWithin);
      await ended;
      clearTimeout(kill);
    },
  };
}

/** Runs a command of `docket` to its end; rejects with what it said when it fails or the signal aborts. */
export async function runDocket(command: readonly string[], signal: AbortSignal): Promise<void> {
  const { child, ended } = start(command);
  child.stdout?.resume();
  const kill = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', kill, { once: true });
  const words = await ended;
  signal.removeEventListener('abort', kill);
  signal.throwIfAborted();
  if (child.exitCode !== 0) throw new Error(`docket ${command.join(' ')} failed:\n${words}`);
}

function start(command: readonly string[]): { child: ChildProcess; ended: Promise<string> } {
  const whole = [process.execPath, program, ...command];
  // Where it can be had, the kernel ends the program with this process, even when this one is killed.
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync);
  const [file = '', ...rest] =
    setpriv === undefined ? whole : [setpriv, '--pdeathsig', 'KILL', ...whole];
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4000);
  });
  const ended = new Promise<string>((resolve) => {
    const end = (): void => {
      running.delete(child);
      resolve(words.trimEnd());
    };
    child.on('close', end);
    child.on('error', (error) => {
      words += error.message;
      end();
    });
  });
  return { child, ended };
}

function waitOrReject(milliseconds: number, why: string, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(why)), milliseconds);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
