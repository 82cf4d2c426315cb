import { Command } from 'commander';
import { addClientOptions } from './client-options.ts';
import type { CommandContext } from './command-context.ts';
import { addAgent } from './commands/agent.ts';
import { addConfig } from './commands/config.ts';
import { addGc } from './commands/gc.ts';
import { addImages } from './commands/images.ts';
import { addLogin } from './commands/login.ts';
import { addPull } from './commands/pull.ts';
import { addPush } from './commands/push.ts';
import { addRegistry } from './commands/registry.ts';
import { addToken } from './commands/token.ts';
import { addVerify } from './commands/verify.ts';

const examples = `
Examples:
  docket registry                                     run a registry on this machine
  docket agent --registry http://registry:8000        let this host's Docker pull over the swarm
  docket -h http://registry push team/app:1           push an image of the local Docker engine
  docket -h http://registry push --from app.tar team/app:1
  docket -h http://registry images                    list what the registry holds
  docket -h http://registry gc --dry-run              say what a garbage collection would remove
  docket -h http://registry pull team/app:1           pull it over the swarm into the local engine
  docket -h http://registry pull -o app.tar team/app:1
  docket -h http://registry verify --repair           read all that it holds again, and heal what is damaged

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not allowed, 5 something is damaged, 130 interrupted.
DOCKET_DEBUG=1 shows where an error came from.`;

/** The tree of all commands. What a command does is loaded only when it runs. */
export function createProgram(version: string, context: CommandContext): Command {
  const program = new Command('docket')
    .description('Deploys container images to many machines at once, over BitTorrent.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .enablePositionalOptions()
    .addHelpText('after', examples)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')),
    });
  addClientOptions(program);
  addPush(program, context);
  addPull(program, context);
  addImages(program, context);
  addVerify(program, context);
  addGc(program, context);
  addLogin(program, context);
  addToken(program, context);
  addRegistry(program, context);
  addAgent(program, context);
  addConfig(program, context);
  for (const command of [program, ...program.commands]) {
    const name = command === program ? 'docket' : `docket ${command.name()}`;
    command.showHelpAfterError(`Usage: ${name} ${command.usage()}\nSee '${name} --help'.`);
  }
  return program;
}
