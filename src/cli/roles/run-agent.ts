import { startAgent } from '../../agent/agent-role.ts';
import { createLog } from '../../base/log.ts';
import type { CommandContext } from '../command-context.ts';
import { readZone } from '../zone-option.ts';
import { readRoleOptions, type TypedRoleOptions } from './role-options.ts';
import { runRole } from './run-role.ts';

export interface TypedAgentOptions extends TypedRoleOptions {
  readonly registry: string;
  readonly alias: readonly string[];
  readonly zone?: string;
}

/** `docket agent`: runs this host's agent until it is told to end. */
export async function runAgent(typed: TypedAgentOptions, context: CommandContext): Promise<void> {
  const options = {
    ...readRoleOptions(typed),
    registry: typed.registry,
    aliases: typed.alias,
    zone: readZone(typed.zone),
    log: createLog(typed.logLevel),
  };
  await runRole('agent', options.location, () => startAgent(options), context);
}
