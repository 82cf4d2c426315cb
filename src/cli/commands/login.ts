import type { Command } from 'commander';
import { addClientOptions } from '../client-options.ts';
import type { CommandContext } from '../command-context.ts';
import type { LoginOptions } from '../login/run-login.ts';
import { clientContext } from './client-context.ts';

/** Declares `docket login` and `docket logout`. */
export function addLogin(program: Command, context: CommandContext): void {
  addClientOptions(program.command('login'))
    .summary('log in at a registry')
    .description('Tries a name and a password at the registry, and keeps them for this user.')
    .argument('[registry]', 'its host, and port')
    .option('-u, --username <name>', 'who to log in as; for a token any name will do')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (host: string | undefined, options: LoginOptions, command: Command) => {
      const { runLogin } = await import('../login/run-login.ts');
      await runLogin(host, options, clientContext(program, command, context), process.stdin);
    });
  addClientOptions(program.command('logout'))
    .summary('forget the login for a registry')
    .description('Forgets the login for the registry.')
    .argument('[registry]', 'its host, and port')
    .action(async (host: string | undefined, _options: unknown, command: Command) => {
      const { runLogout } = await import('../login/run-login.ts');
      await runLogout(host, clientContext(program, command, context));
    });
}
