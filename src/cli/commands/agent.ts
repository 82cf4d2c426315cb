import type { Command } from 'commander';
import { agentSettings } from '../../config/agent-settings.ts';
import type { CommandContext } from '../command-context.ts';
import { addRoleOptions, typedRole } from './role-options.ts';

/** Declares `docket agent`. */
export function addAgent(program: Command, context: CommandContext): void {
  const command = program
    .command('agent')
    .summary("run this host's agent")
    .description(
      "Runs this host's agent: a registry mirror for its container runtimes that takes the layers from " +
        'the swarm, until interrupted.',
    )
    .action(async (_flags: unknown, verb: Command) => {
      const { runAgent } = await import('../roles/run-agent.ts');
      await runAgent(typedRole(program, verb), context);
    });
  addRoleOptions(command, 'agent', agentSettings);
}
