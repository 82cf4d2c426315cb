import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/base/errors.ts';
import { Workplace } from '../test/lab/workplace.ts';

/** What every benchmark can be told. */
export interface BenchOptions {
  /** Where its files are; default: the system's temporary folder. */
  readonly folder?: string;
  /** The folder for CPU profiles. */
  readonly cpuProfile?: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** A benchmark, apart from its command line and its folder. */
export interface Bench<Options extends BenchOptions> {
  readonly name: string;
  readonly usage: string;
  /** Throws an error with a sentence for the user. */
  parseOptions(args: readonly string[]): Options;
  /** Measures, says lines for people on the way, and gives what `--json` prints. */
  run(options: Options, place: Workplace, say: (line: string) => void): Promise<object>;
}

/** The whole of a benchmark's main file: reads the command line, measures in a folder of its own, and tells how it ended. */
export async function runBench<Options extends BenchOptions>(bench: Bench<Options>): Promise<void> {
  try {
    const options = bench.parseOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(bench.usage);
      return;
    }
    const people = options.json ? process.stderr : process.stdout;
    if (options.cpuProfile !== undefined) await mkdir(options.cpuProfile, { recursive: true });
    await using place = await openPlace(options.folder ?? tmpdir(), bench.name);
    const result = await bench.run(options, place, (line) => people.write(`${line}\n`));
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    process.stderr.write(`Error: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** A workplace in a new folder below `folder`, which also goes when the process is interrupted. */
async function openPlace(folder: string, name: string): Promise<Workplace> {
  const place = new Workplace(await mkdtemp(join(folder, `docket-${name}-`)));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void place[Symbol.asyncDispose]().then(() => process.exit(1));
    });
  }
  return place;
}
