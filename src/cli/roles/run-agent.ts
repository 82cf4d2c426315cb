import { startAgent } from '../../agent/agent-role.ts';
import { createLog } from '../../base/log.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { CommandContext } from '../command-context.ts';
import type { TypedRole } from '../commands/role-options.ts';
import { roleOptions } from './role-values.ts';
import { runRole } from './run-role.ts';
import { traceRole } from './trace-role.ts';

/** `docket agent`: runs this host's agent until it is told to end. */
export async function runAgent(typed: TypedRole, context: CommandContext): Promise<void> {
  const { values } = await loadConfig('agent', { ...typed, env: context.env });
  if (values.tracing) await traceRole();
  const options = {
    ...roleOptions(values),
    registry: values.registry,
    host: values.bind,
    port: values.port,
    location: values.location,
    credentials: values.credentials,
    aliases: values.alias,
    zone: values.zone,
    log: createLog(values.logLevel),
  };
  await runRole('agent', options.location, () => startAgent(options), context);
}
