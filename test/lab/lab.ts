import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Program, type ProgramOptions } from './program.ts';

export interface RunOptions extends ProgramOptions {
  /** Milliseconds that it may take. */
  readonly within?: number;
}

/**
 * A place for one test: a folder, and programs that run in it. When the test ends, however it ends, the programs are
 * ended, last started first, and the folder is removed; when it failed, what the programs said is printed before.
 */
export class Lab {
  readonly folder: string;
  readonly #test: TestContext;
  readonly #programs: Program[] = [];
  readonly #closing = new AsyncDisposableStack();
  #failed = false;

  private constructor(folder: string, test: TestContext) {
    this.folder = folder;
    this.#test = test;
    this.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    test.after(() => this.#close());
  }

  static async open(test: TestContext): Promise<Lab> {
    return new Lab(await mkdtemp(join(tmpdir(), 'docket-')), test);
  }

  /** Makes a folder in the lab's folder, and gives its path. */
  async newFolder(name: string): Promise<string> {
    const folder = join(this.folder, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Runs `task` when the lab closes, before everything that was begun earlier is closed. */
  defer(task: () => unknown): void {
    this.#closing.defer(async () => {
      await task();
    });
  }

  /** Starts a program that ends with the lab at the latest. */
  start(command: readonly string[], options: ProgramOptions = {}): Program {
    const program = new Program(command, options);
    this.#programs.push(program);
    this.#closing.use(program);
    return program;
  }

  /** Runs a program to its end and gives what it printed; throws, with all output, unless it ends with code 0. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<string> {
    await using program = new Program(command, options);
    return await program.success(options.within);
  }

  /** A part of the test with a name of its own. */
  async part(name: string, body: (test: TestContext) => Promise<void>): Promise<void> {
    await this.#test.test(name, async (test) => {
      try {
        await body(test);
      } catch (error) {
        this.#failed = true;
        throw error;
      }
    });
  }

  /** What all programs said last. */
  report(): string {
    return this.#programs.map((program) => program.report()).join('');
  }

  async #close(): Promise<void> {
    // The runtime has had it since Node 22; its type declarations lack it.
    const { passed } = this.#test as TestContext & { readonly passed: boolean };
    if (this.#failed || !passed) {
      this.#test.diagnostic(`What the programs of "${this.#test.name}" said last:${this.report()}`);
    }
    await this.#closing.disposeAsync();
  }
}
