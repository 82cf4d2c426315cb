import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, type ProgramOptions } from './program.ts';

export interface RunOptions extends ProgramOptions {
  /** Milliseconds that it may take. */
  readonly within?: number;
}

/**
 * A folder, and programs that run in it. When it is disposed of, the programs are ended, last started first, and the folder
 * is removed; nothing can be started in it any more.
 */
export class Workplace implements AsyncDisposable {
  readonly folder: string;
  readonly #programs: Program[] = [];
  readonly #running = new Set<Program>();
  readonly #closing = new AsyncDisposableStack();
  #isClosed = false;

  /** `folder` exists, and goes with the workplace. */
  constructor(folder: string) {
    this.folder = folder;
    this.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  }

  /** Makes a folder in the workplace's folder, and gives its path. */
  async newFolder(name: string): Promise<string> {
    this.#throwIfClosed();
    const folder = join(this.folder, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Runs `task` at the end, before everything that was begun earlier is closed. */
  defer(task: () => unknown): void {
    this.#closing.defer(async () => {
      await task();
    });
  }

  /** Starts a program that ends with the workplace at the latest. */
  start(command: readonly string[], options: ProgramOptions = {}): Program {
    this.#throwIfClosed();
    const program = new Program(command, options);
    this.#programs.push(program);
    this.#closing.use(program);
    return program;
  }

  /** Runs a program to its end and gives what it printed; throws, with all output, unless it ends with code 0. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<string> {
    this.#throwIfClosed();
    await using program = new Program(command, options);
    this.#running.add(program);
    try {
      return await program.success(options.within);
    } finally {
      this.#running.delete(program);
    }
  }

  /** All programs that were started, in that order. */
  get programs(): readonly Program[] {
    return this.#programs;
  }

  /** What all programs said last. */
  report(): string {
    return this.#programs.map((program) => program.report()).join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running].map((program) => program.kill()));
    await this.#closing.disposeAsync();
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new Error('nothing is started any more: it ends');
  }
}
