import { DocketError } from '../../src/base/errors.ts';

/** A program's command line. */
interface CommandLine<Options> {
  /** How it is run, as in `npm start`. */
  readonly command: string;
  readonly usage: string;
  /** Throws DocketError, with a sentence for the user. */
  parseOptions(args: readonly string[]): Options;
}

/** The options of this process, or the exit code where there is nothing to run. */
export function readOptions<Options extends { readonly help: boolean }>(
  line: CommandLine<Options>,
): Options | number {
  try {
    const options = line.parseOptions(process.argv.slice(2));
    if (!options.help) return options;
    process.stdout.write(line.usage);
    return 0;
  } catch (error) {
    if (!(error instanceof DocketError)) throw error;
    process.stderr.write(`${error.message}\n${line.command} -- --help tells what there is.\n`);
    return 2;
  }
}
