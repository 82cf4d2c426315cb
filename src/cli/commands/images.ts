import { Option, type Command } from 'commander';
import { addClientOptions } from '../client-options.ts';
import type { CommandContext } from '../command-context.ts';
import type { ImagesOptions } from '../images/list-images.ts';
import { clientContext } from './client-context.ts';

/** Declares `docket images`. */
export function addImages(program: Command, context: CommandContext): void {
  addClientOptions(program.command('images'))
    .summary('list the images in the registry')
    .description('Lists the images that the registry holds.')
    .option('-q, --quiet', 'digests only')
    .addOption(new Option('--format <format>', 'output format').choices(['table', 'json']))
    .action(async (options: ImagesOptions, command: Command) => {
      const { listImages } = await import('../images/list-images.ts');
      await listImages(options, clientContext(program, command, context));
    });
}
