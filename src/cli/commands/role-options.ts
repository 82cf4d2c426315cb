import { Option, type Command } from 'commander';
import type { LogLevel } from '../../base/log.ts';
import type { TypedClientOptions } from '../client-options.ts';
import type { TypedRoleOptions } from '../roles/role-options.ts';
import { UsageError } from '../usage-error.ts';
import { listed } from './listed.ts';

/** As in base/log.ts, which is not loaded only to print help. */
const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** What a role's options default to. */
export interface RoleDefaults {
  /** The role's name in the environment: `DOCKET_<section>_PORT`… */
  readonly section: 'REGISTRY' | 'AGENT';
  readonly bind: string;
  readonly port: string;
  readonly location: string;
}

/** Declares the options that registry and agent have in common. Every one can stand in the environment instead. */
export function addRoleOptions(command: Command, defaults: RoleDefaults): Command {
  const option = (flags: string, text: string, name: string): Option =>
    new Option(flags, text).env(`DOCKET_${defaults.section}_${name}`);
  return command
    .addOption(
      option('--bind <address>', 'address to accept requests on', 'BIND').default(defaults.bind),
    )
    .addOption(
      option('-p, --port <port>', 'port to accept requests on; 0 takes a free one', 'PORT').default(
        defaults.port,
      ),
    )
    .addOption(
      option('-l, --location <folder>', 'folder for all that is kept', 'LOCATION').default(
        defaults.location,
      ),
    )
    .addOption(
      option(
        '--peer-port <port>',
        'port for peers (default: 6881, or a free one when that is taken)',
        'PEER_PORT',
      ),
    )
    .addOption(
      option('--peer-bind <address>', 'address to accept peers on (default: all)', 'PEER_BIND'),
    )
    .addOption(
      option(
        '--peers-from <network>',
        'a network that peers are in, like 10.0.0.0/8: others are neither dialled nor accepted; may be given several times',
        'PEERS_FROM',
      )
        .argParser(listed)
        .default([] as readonly string[], 'all'),
    )
    .addOption(
      option('--max-peers <number>', 'most connections to peers (default: 2000)', 'MAX_PEERS'),
    )
    .addOption(option('--rate <bytes/s>', 'limit of the link, each way, like 100MB/s', 'RATE'))
    .addOption(option('--upload-rate <bytes/s>', 'limit of what is sent', 'UPLOAD_RATE'))
    .addOption(option('--download-rate <bytes/s>', 'limit of what is received', 'DOWNLOAD_RATE'))
    .addOption(
      option(
        '--rate-hours <hours>',
        'other limits for a part of the day, like "08:00-18:00 upload=10MB/s download=20MB/s"; may be given several times',
        'RATE_HOURS',
      )
        .argParser((hours: string, before: readonly string[]) => [...before, hours])
        .default([] as readonly string[]),
    )
    .addOption(
      option('--log-level <level>', 'what is logged to standard error', 'LOG_LEVEL')
        .choices(logLevels)
        .default('info'),
    );
}

/** A role's port and folder may stand in front of its name, like the client's. */
export function withFrontOptions<T extends TypedRoleOptions>(
  program: Command,
  command: Command,
  typed: T,
): T {
  const { host, port, location } = program.opts<TypedClientOptions>();
  if (host !== undefined) {
    throw new UsageError(
      `-h/--host names a registry to talk to, and ${command.name()} talks to none by it: expected --bind or --registry`,
    );
  }
  const own = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  return {
    ...typed,
    ...(port === undefined || own('port') ? {} : { port }),
    ...(location === undefined || own('location') ? {} : { location }),
  };
}
