import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Workplace } from './workplace.ts';

/**
 * A workplace for one test. When the test ends, however it ends, the workplace does; when it failed, what the programs
 * said is printed before.
 */
export class Lab extends Workplace {
  readonly #test: TestContext;
  #failed = false;

  private constructor(folder: string, test: TestContext) {
    super(folder);
    this.#test = test;
    test.after(() => this.#close());
  }

  static async open(test: TestContext): Promise<Lab> {
    return new Lab(await mkdtemp(join(tmpdir(), 'docket-')), test);
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

  async #close(): Promise<void> {
    // The runtime has had it since Node 22; its type declarations lack it.
    const { passed } = this.#test as TestContext & { readonly passed: boolean };
    if (this.#failed || !passed) {
      this.#test.diagnostic(`What the programs of "${this.#test.name}" said last:${this.report()}`);
    }
    await this[Symbol.asyncDispose]();
  }
}
