import { Option, type Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import type { TypedRegistryOptions } from '../roles/run-registry.ts';
import { listed } from './listed.ts';
import { addRoleOptions, withFrontOptions } from './role-options.ts';

/** Declares `docket registry`. */
export function addRegistry(program: Command, context: CommandContext): void {
  const command = program
    .command('registry')
    .summary('run a registry')
    .description('Runs a registry that seeds all it holds, until interrupted.')
    .addOption(
      new Option(
        '-t, --tracker <host:port>',
        'use this tracker (also udp://HOST:PORT or an announce URL) instead of the built-in one; ' +
          'further ones stand in when those before do not answer',
      )
        .env('DOCKET_REGISTRY_TRACKER')
        .argParser(listed)
        .default([] as readonly string[], 'the built-in one'),
    )
    .addOption(
      new Option(
        '--tracker-whitelist <file>',
        "write the torrents' info hashes to this file, for a tracker that wants such a list",
      ).env('DOCKET_REGISTRY_TRACKER_WHITELIST'),
    )
    .addOption(
      new Option('--tracker-reload <command>', 'run this after the whitelist has changed').env(
        'DOCKET_REGISTRY_TRACKER_RELOAD',
      ),
    )
    .addOption(
      new Option('--advertise <host>', 'the host by which others reach this registry').env(
        'DOCKET_REGISTRY_ADVERTISE',
      ),
    )
    .addOption(
      new Option(
        '--udp-port <port>',
        'UDP port of the built-in tracker (default: the same as -p, or none when that is taken)',
      ).env('DOCKET_REGISTRY_UDP_PORT'),
    )
    .action(async (typed: TypedRegistryOptions, verb: Command) => {
      const { runRegistry } = await import('../roles/run-registry.ts');
      await runRegistry(withFrontOptions(program, verb, typed), context);
    });
  addRoleOptions(command, {
    section: 'REGISTRY',
    bind: '0.0.0.0',
    port: '8000',
    location: '/var/local/docket',
  });
}
