import type { Command } from 'commander';
import { resolveClientOptions, type TypedClientOptions } from '../client-options.ts';
import type { CommandContext } from '../command-context.ts';
import type { VerifyOptions } from '../verify/run-verify.ts';

/** Declares `docket verify`. */
export function addVerify(program: Command, context: CommandContext): void {
  program
    .command('verify')
    .summary('read again all that a registry holds, and heal what is damaged')
    .description(
      'Reads every blob and manifest of a registry again. Damaged blobs are put aside, so that nobody gets them; a push of ' +
        'the same blob, or --repair, brings them back. Without -l it is done by a registry that runs.',
    )
    .option('-h, --host <host>', 'the registry (env DOCKET_HOST; default http://127.0.0.1)')
    .option('-p, --port <port>', "the registry's port (env DOCKET_PORT; default 8000)")
    .option(
      '-l, --location <folder>',
      'read this folder of a registry that does not run, instead of asking one that does',
    )
    .option('--config <file>', 'with -l: the file with the settings of that registry')
    .option('--repair', 'get back what is damaged or missing, from the hosts that pulled it')
    .option('--rate <bytes/s>', 'how fast to read, like 100MB/s (default: as fast as it goes)')
    .option('--json', 'as JSON')
    .option('-q, --quiet', 'show no progress')
    .action(async (typed: VerifyOptions & TypedClientOptions, _command: Command) => {
      const { runVerify } = await import('../verify/run-verify.ts');
      const before = program.opts<TypedClientOptions>();
      const after = { ...before, ...typed };
      await runVerify(typed, after, {
        ...context,
        client: resolveClientOptions(before, typed, context.env),
      });
    });
}
