import { Option, type Command } from 'commander';
import { addClientOptions } from '../client-options.ts';
import type { CommandContext } from '../command-context.ts';
import type { CreateTokenOptions, ListTokensOptions } from '../token/run-token.ts';
import { clientContext } from './client-context.ts';

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

/** Declares `docket token create|ls|revoke`. */
export function addToken(program: Command, context: CommandContext): void {
  const token = program
    .command('token')
    .summary('tokens for machines')
    .description('Makes, lists and revokes tokens for machines; for admins of the registry.');
  addClientOptions(token.command('create'))
    .summary('make a token')
    .description('Makes a token, and prints its secret, this once.')
    .argument('<name>', 'what it is called')
    .option('--may <rights>', 'pull, push, delete or admin, with commas between', 'pull')
    .option(
      '--repository <pattern>',
      'where: a pattern like team/**; may be given several times (default: all)',
      collect,
    )
    .option('--expires <time>', 'good for so long, like 90d (default: until it is revoked)')
    .option('--json', 'as JSON')
    .action(async (name: string, options: CreateTokenOptions, command: Command) => {
      const { createToken } = await import('../token/run-token.ts');
      await createToken(name, options, clientContext(program, command, context));
    });
  addClientOptions(token.command('ls'))
    .summary('list the tokens')
    .description('Lists the tokens: what they may, until when, and when they were used.')
    .addOption(new Option('--format <format>', 'output format').choices(['table', 'json']))
    .action(async (options: ListTokensOptions, command: Command) => {
      const { listTokens } = await import('../token/run-token.ts');
      await listTokens(options, clientContext(program, command, context));
    });
  addClientOptions(token.command('revoke'))
    .summary('revoke a token')
    .description('Revokes a token: it is good for nothing from now on.')
    .argument('<name>', 'what it is called')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { revokeToken } = await import('../token/run-token.ts');
      await revokeToken(name, clientContext(program, command, context));
    });
}
