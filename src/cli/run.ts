import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { codeOf } from '../base/errors.ts';
import type { CommandContext } from './command-context.ts';
import { exitCodes, failureOf, failureText, type ExitCode } from './exit-code.ts';
import { createProgram } from './program.ts';
import { readVersion } from '../base/version.ts';

/** Runs the command that `words` say, tells on standard error what went wrong, and gives the exit code. Never throws. */
export async function run(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { env, stderr, signal } = context;
  try {
    const program = createProgram(await readVersion(), context);
    if (words.length === 0) {
      program.outputHelp({ error: true });
      return exitCodes.usage;
    }
    await program.parseAsync(words, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    const failure = signal.aborted ? (signal.reason as unknown) : error;
    stderr.write(failureText(failure, Boolean(env['DOCKET_DEBUG']), inspect(error)));
    if (codeOf(failure) === 'USAGE') stderr.write("See 'docket --help'.\n");
    return failureOf(failure).exitCode;
  }
}
