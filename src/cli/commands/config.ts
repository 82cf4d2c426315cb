import type { Command } from 'commander';
import { sectionNames, sections } from '../../config/sections.ts';
import type { CommandContext } from '../command-context.ts';
import { addRoleOptions, typedRole } from './role-options.ts';

/** Declares `docket config`. */
export function addConfig(program: Command, context: CommandContext): void {
  const config = program
    .command('config')
    .summary('show or check settings')
    .description('Shows what registry and agent are set to on this host, or checks a file.');
  const show = config
    .command('show')
    .summary('show every setting and where it comes from')
    .description(
      'Shows every setting of registry or agent, or of both, and where its value comes from. Takes the flags ' +
        'of the role, too. Secrets are hidden.',
    )
    .option('--json', 'as JSON')
    .option('--config <file>', 'file with settings')
    .action(async (options: { readonly json?: true; readonly config?: string }) => {
      const { showConfig } = await import('../config/show-config.ts');
      const typed = { flags: {}, file: options.config };
      await showConfig(sectionNames, typed, options.json === true, context);
    });
  for (const section of sectionNames) {
    const command = show
      .command(section)
      .description(`Shows every setting of docket ${section} and where it comes from.`)
      .option('--json', 'as JSON')
      .action(async (_flags: unknown, verb: Command) => {
        const { json, ...before } = show.opts<{ readonly json?: true; readonly config?: string }>();
        const { flags, file } = typedRole(program, verb);
        const { json: own, ...rest } = flags;
        const { showConfig } = await import('../config/show-config.ts');
        const typed = { flags: rest, file: file ?? before.config };
        await showConfig([section], typed, json === true || own === true, context);
      });
    addRoleOptions(command, section, sections[section]);
  }
  config
    .command('check <file>')
    .summary('check a file of settings')
    .description('Checks a file of settings, and tells everything that is wrong with it.')
    .action(async (file: string) => {
      const { checkConfig } = await import('../config/check-config.ts');
      await checkConfig(file, context);
    });
}
