#!/usr/bin/env node
import { inspect } from 'node:util';
import { codeOf } from '../base/errors.ts';
import { exitCodes, failureText } from './exit-code.ts';
import { endNow, onHangup, onInterrupt } from './interrupt.ts';
import { run } from './run.ts';

/** After this many milliseconds a command that is over ends, even if it left something open. */
const lingering = 3000;

/** A failure that nothing waited for is a defect; still it is told like all others. */
function onDefect(error: unknown): void {
  process.stderr.write(failureText(error, Boolean(process.env['DOCKET_DEBUG']), inspect(error)));
  process.exit(exitCodes.failure);
}

const { argv, env, stdout, stderr } = process;
process.on('uncaughtException', onDefect);
process.on('unhandledRejection', onDefect);
// A reader that has seen enough, such as `head`, is no failure.
stdout.on('error', (error) => {
  process.exit(codeOf(error) === 'EPIPE' ? exitCodes.ok : exitCodes.failure);
});
const signal = onInterrupt();
process.exitCode = await run(argv.slice(2), { env, stdout, stderr, signal, onHangup });
setTimeout(() => {
  if (signal.aborted && process.exitCode !== exitCodes.ok) endNow('SIGTERM');
  else process.exit();
}, lingering).unref();
