import type { Command } from 'commander';
import { resolveClientOptions, type TypedClientOptions } from '../client-options.ts';
import type { CommandContext } from '../command-context.ts';
import type { CollectOptions } from '../gc/run-gc.ts';

/** Declares `docket gc`. */
export function addGc(program: Command, context: CommandContext): void {
  program
    .command('gc')
    .summary('remove what nobody needs any more')
    .description(
      'Collects the garbage of a registry: tags that no rule keeps, manifests without a tag, blobs without a manifest, ' +
        'uploads that were given up. Without -l it is done by a registry that runs, by its settings.',
    )
    .option('-h, --host <host>', 'the registry (env DOCKET_HOST; default http://127.0.0.1)')
    .option('-p, --port <port>', "the registry's port (env DOCKET_PORT; default 8000)")
    .option(
      '-l, --location <folder>',
      'collect in this folder of a registry that does not run, instead of asking one that does',
    )
    .option('--config <file>', 'with -l: the file with the settings of that registry')
    .option('--dry-run', 'only say what would go, and why')
    .option(
      '--grace <time>',
      'how long everything stays after it was last in use (default: as the registry is set)',
    )
    .option('--json', 'as JSON')
    .action(async (typed: CollectOptions & TypedClientOptions) => {
      const { runGc } = await import('../gc/run-gc.ts');
      const before = program.opts<TypedClientOptions>();
      const client = resolveClientOptions(before, typed, context.env);
      await runGc(typed, { ...before, ...typed }, { ...context, client });
    });
}
