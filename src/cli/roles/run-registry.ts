import { createLog } from '../../base/log.ts';
import { startRegistry } from '../../server/registry-role.ts';
import type { CommandContext } from '../command-context.ts';
import { parseListenPort } from '../registry-url.ts';
import { readRoleOptions, type TypedRoleOptions } from './role-options.ts';
import { runRole } from './run-role.ts';
import { parseTracker } from './tracker-option.ts';

export interface TypedRegistryOptions extends TypedRoleOptions {
  readonly tracker: readonly string[];
  readonly trackerWhitelist?: string;
  readonly trackerReload?: string;
  readonly advertise?: string;
  readonly udpPort?: string;
}

/** `docket registry`: runs a registry, with its tracker and seeder, until it is told to end. */
export async function runRegistry(
  typed: TypedRegistryOptions,
  context: CommandContext,
): Promise<void> {
  const { trackerWhitelist, trackerReload, advertise } = typed;
  const options = {
    ...readRoleOptions(typed),
    trackers: typed.tracker.map(parseTracker),
    trackerWhitelist,
    trackerReload,
    advertise,
    udpPort: typed.udpPort === undefined ? undefined : parseListenPort(typed.udpPort),
    log: createLog(typed.logLevel),
  };
  await runRole('registry', options.location, () => startRegistry(options), context);
}
