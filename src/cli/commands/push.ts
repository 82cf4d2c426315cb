import type { Command } from 'commander';
import { addClientOptions } from '../client-options.ts';
import type { CommandContext } from '../command-context.ts';
import type { PushOptions } from '../push/run-push.ts';
import { clientContext } from './client-context.ts';

/** Declares `docket push`. */
export function addPush(program: Command, context: CommandContext): void {
  addClientOptions(program.command('push'))
    .summary('push an image to the registry')
    .description(
      'Pushes an image to the registry: of the local Docker engine, or of a file or folder. ' +
        'Prints NAME@DIGEST when it is there.',
    )
    .argument('<image>', 'IMAGE[:TAG]; without a tag, latest')
    .option('--from <path>', 'take it from a `docker save` tar, or an OCI layout (a tar or folder)')
    .option('-q, --quiet', 'no progress')
    .action(async (image: string, options: PushOptions, command: Command) => {
      const { runPush } = await import('../push/run-push.ts');
      await runPush(image, options, clientContext(program, command, context));
    });
}
