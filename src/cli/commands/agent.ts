import { Option, type Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import type { TypedAgentOptions } from '../roles/run-agent.ts';
import { addRoleOptions, withFrontOptions } from './role-options.ts';

/** Declares `docket agent`. */
export function addAgent(program: Command, context: CommandContext): void {
  const command = program
    .command('agent')
    .summary("run this host's agent")
    .description(
      "Runs this host's agent: a registry mirror for its container runtimes that takes the layers from " +
        'the swarm, until interrupted.',
    )
    .addOption(
      new Option('--registry <url>', 'the registry whose images it serves')
        .env('DOCKET_AGENT_REGISTRY')
        .makeOptionMandatory(),
    )
    .option(
      '--alias <host[:port]>',
      'a further name by which runtimes know the registry; may be given several times',
      (alias: string, before: readonly string[]) => [...before, alias],
      [] as readonly string[],
    )
    .addOption(
      new Option(
        '--zone <name>',
        'the zone (rack, data centre) of this host: most of its peers are then of that zone',
      ).env('DOCKET_AGENT_ZONE'),
    )
    .action(async (typed: TypedAgentOptions, verb: Command) => {
      const { runAgent } = await import('../roles/run-agent.ts');
      await runAgent(withFrontOptions(program, verb, typed), context);
    });
  addRoleOptions(command, {
    section: 'AGENT',
    bind: '127.0.0.1',
    port: '8010',
    location: '/var/lib/docket',
  });
}
