import { Option, type Command } from 'commander';
import { variableOf, type SectionName, type Setting, type Settings } from '../../config/setting.ts';
import type { TypedClientOptions } from '../client-options.ts';
import { UsageError } from '../usage-error.ts';

const kindsOfLists: ReadonlySet<Setting['kind']> = new Set([
  'networks',
  'rateHours',
  'texts',
  'trackers',
]);

/**
 * Declares the flags of a role's settings, and `--config`. Values, variables and defaults are read later, by `config`: here
 * they only stand in the help.
 */
export function addRoleOptions(
  command: Command,
  section: SectionName,
  settings: Settings,
): Command {
  command.option(
    '--config <file>',
    'file with settings (default: /etc/docket/docket.yaml if it is there; env: DOCKET_CONFIG)',
  );
  for (const [name, setting] of Object.entries(settings)) {
    if (setting.flag === undefined) continue;
    const without = setting.default ?? setting.otherwise;
    const notes = without === undefined ? [] : [`default: ${String(without)}`];
    notes.push(`env: ${variableOf(section, name)}`);
    const option = new Option(setting.flag, `${setting.text} (${notes.join('; ')})`);
    if (kindsOfLists.has(setting.kind)) {
      option.argParser((text: string, before: readonly string[] | undefined) => [
        ...(before ?? []),
        text,
      ]);
    }
    command.addOption(option);
  }
  return command;
}

/** What was typed for a role. */
export interface TypedRole {
  /** The flags that were given, by the settings' names. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The file that `--config` names. */
  readonly file: string | undefined;
}

/** The flags of a role; its port and folder may stand in front of its name, like the client's. Throws UsageError. */
export function typedRole(program: Command, command: Command): TypedRole {
  const { host, port, location } = program.opts<TypedClientOptions>();
  if (host !== undefined) {
    throw new UsageError(
      `-h/--host names a registry to talk to, and ${command.name()} talks to none by it: expected --bind or --registry`,
    );
  }
  const { config, ...flags } = command.opts<Record<string, unknown>>();
  return {
    flags: { port, location, ...flags },
    file: typeof config === 'string' ? config : undefined,
  };
}
