#!/usr/bin/env node
import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { codeOf } from '../base/errors.ts';
import { exitCodes, failureOf, failureText, type ExitCode } from './exit-code.ts';
import { onInterrupt } from './interrupt.ts';
import { createProgram } from './program.ts';
import { UsageError } from './usage-error.ts';
import { packageVersion } from './version.ts';

/** After this long a command that is over ends, even if it left something open. */
const lingering = 3000;

async function main(): Promise<ExitCode> {
  const { argv, env, stdout, stderr } = process;
  const debug = Boolean(env['DOCKET_DEBUG']);
  const signal = onInterrupt();
  const program = createProgram(await packageVersion(), { env, stdout, stderr, signal });
  if (argv.length <= 2) {
    program.outputHelp({ error: true });
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(argv);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    const failure = signal.aborted ? (signal.reason as unknown) : error;
    stderr.write(failureText(failure, debug, inspect(error)));
    if (failure instanceof UsageError) stderr.write("See 'docket --help'.\n");
    return failureOf(failure).exitCode;
  }
}

/** A failure that nothing waited for is a defect; still it is told like all others. */
function onDefect(error: unknown): void {
  process.stderr.write(failureText(error, Boolean(process.env['DOCKET_DEBUG']), inspect(error)));
  process.exit(exitCodes.failure);
}

process.on('uncaughtException', onDefect);
process.on('unhandledRejection', onDefect);
// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error) => {
  process.exit(codeOf(error) === 'EPIPE' ? exitCodes.ok : exitCodes.failure);
});
process.exitCode = await main();
setTimeout(() => process.exit(), lingering).unref();
