import { createLog } from '../../base/log.ts';
import { startRegistry } from '../../server/registry-role.ts';
import type { CommandContext } from '../command-context.ts';
import { readRoleOptions, type TypedRoleOptions } from './role-options.ts';
import { runRole } from './run-role.ts';

export interface TypedRegistryOptions extends TypedRoleOptions {
  readonly tracker?: string;
  readonly trackerWhitelist?: string;
  readonly trackerReload?: string;
  readonly advertise?: string;
}

/** `docket registry`: runs a registry, with its tracker and seeder, until it is told to end. */
export async function runRegistry(
  typed: TypedRegistryOptions,
  context: CommandContext,
): Promise<void> {
  const { tracker, trackerWhitelist, trackerReload, advertise } = typed;
  const options = {
    ...readRoleOptions(typed),
    tracker,
    trackerWhitelist,
    trackerReload,
    advertise,
    log: createLog(typed.logLevel),
  };
  await runRole('registry', () => startRegistry(options), context);
}
