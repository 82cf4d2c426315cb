import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Host } from './hosts.ts';

export interface ProgramOptions {
  /** What failure messages call it; default: the program's own name. */
  readonly name?: string;
  /** The emulated host that it runs on; default: this machine. */
  readonly host?: Host;
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Its working folder. */
  readonly folder?: string;
  /**
   * True gives it mounts and a process tree of its own (needs root): all that it mounts and all that it starts, however
   * detached, vanishes with it. It is then always ended by SIGKILL.
   */
  readonly isolated?: boolean;
}

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const kept = 1 << 20;

/** The full path of a program, or undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return [...folders, '/usr/sbin', '/sbin']
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** A running program, with what it said so far. It dies with this process, whatever happens to this process. */
export class Program implements AsyncDisposable {
  readonly name: string;
  readonly command: readonly string[];
  readonly #child: ChildProcess;
  readonly #isolated: boolean;
  readonly ended: Promise<Ending>;
  #ending: Ending | undefined;
  #stdout = '';
  #stderr = '';
  readonly #listeners = new Set<() => void>();

  constructor(command: readonly string[], options: ProgramOptions = {}) {
    this.name = options.name ?? command[0] ?? '';
    this.command = command;
    this.#isolated = options.isolated ?? false;
    const prefix = findProgram('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
    if (options.host !== undefined) prefix.push(...options.host.enter);
    if (this.#isolated) {
      prefix.push('unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--');
    }
    const [program = '', ...rest] = [...prefix, ...command];
    this.#child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.environment },
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = (this.#stdout + text).slice(-kept);
      this.#changed();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-kept);
      this.#changed();
    });
    this.ended = new Promise((resolve) => {
      const end = (ending: Ending): void => {
        this.#ending ??= ending;
        this.#child.stdout?.destroy();
        this.#child.stderr?.destroy();
        this.#changed();
        resolve(this.#ending);
      };
      this.#child.on('error', (error) => {
        this.#stderr += `${error.message}\n`;
        end({ code: null, signal: null });
      });
      this.#child.on('close', (code, signal) => end({ code, signal }));
      // What it started may live on with its outputs in hand: that must not keep anyone waiting.
      this.#child.on('exit', (code, signal) => {
        setTimeout(end, 1_000, { code, signal }).unref();
      });
    });
  }

  /** The process id of the program itself, or of the root of its process tree when it is isolated. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The last MiB of standard output. */
  get stdout(): string {
    return this.#stdout;
  }

  /** The last MiB of standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** The last lines of both outputs under the program's name, for failure messages. */
  report(lines = 40): string {
    const tail = (text: string): string => text.trimEnd().split('\n').slice(-lines).join('\n');
    const state =
      this.#ending === undefined
        ? 'runs'
        : `ended with ${this.#ending.signal ?? `code ${this.#ending.code}`}`;
    const parts = [tail(this.#stdout), tail(this.#stderr)].filter((part) => part !== '');
    return `\n---- ${this.name} (${state}): ${this.command.join(' ')}\n${parts.join('\n')}`;
  }

  /** The first line on either output that matches. Throws, with the output, when the program ends or time is over. */
  async line(pattern: RegExp, within = 30_000): Promise<RegExpMatchArray> {
    const find = (): RegExpMatchArray | undefined => {
      for (const line of `${this.#stdout}\n${this.#stderr}`.split('\n')) {
        const match = line.match(pattern);
        if (match !== null) return match;
      }
      return undefined;
    };
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${this.name} ${why} before it said ${pattern}${this.report()}`));
      };
      const look = (): void => {
        const match = find();
        if (match !== undefined) {
          finish();
          resolve(match);
        } else if (this.#ending !== undefined) {
          fail('ended');
        }
      };
      const timer = setTimeout(() => fail(`was silent for ${within} ms`), within);
      this.#listeners.add(look);
      look();
    });
  }

  /** Waits for its end; throws, with the output, when it lasts longer or ends otherwise than with code 0. */
  async success(within = 120_000): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, within, undefined);
    });
    const ending = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    if (ending?.code === 0) return this.#stdout;
    if (ending === undefined) await this.kill();
    const how = ending === undefined ? `did not end within ${within} ms` : 'failed';
    throw new Error(`${this.name} ${how}${this.report()}`);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ending === undefined) this.#child.kill(signal);
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<Ending> {
    this.signal('SIGKILL');
    return this.ended;
  }

  /** SIGTERM, after some seconds SIGKILL, and waits for the end. */
  async stop(patience = 5_000): Promise<Ending> {
    if (this.#isolated) return this.kill();
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), patience);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
