import type { Command } from 'commander';
import { registrySettings } from '../../config/registry-settings.ts';
import type { CommandContext } from '../command-context.ts';
import { addRoleOptions, typedRole } from './role-options.ts';

/** Declares `docket registry`. */
export function addRegistry(program: Command, context: CommandContext): void {
  const command = program
    .command('registry')
    .summary('run a registry')
    .description('Runs a registry that seeds all it holds, until interrupted.')
    .action(async (_flags: unknown, verb: Command) => {
      const { runRegistry } = await import('../roles/run-registry.ts');
      await runRegistry(typedRole(program, verb), context);
    });
  addRoleOptions(command, 'registry', registrySettings);
}
