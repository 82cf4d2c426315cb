import { createLog } from '../../base/log.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { RegistryValues } from '../../config/registry-settings.ts';
import { startRegistry } from '../../server/registry-role.ts';
import type { CommandContext } from '../command-context.ts';
import type { TypedRole } from '../commands/role-options.ts';
import { UsageError } from '../usage-error.ts';
import { roleOptions } from './role-values.ts';
import { runRole } from './run-role.ts';
import { traceRole } from './trace-role.ts';

/** `docket registry`: runs a registry, with its tracker and seeder, until it is told to end. */
export async function runRegistry(typed: TypedRole, context: CommandContext): Promise<void> {
  const { values } = await loadConfig('registry', { ...typed, env: context.env });
  if (values.tracing) await traceRole();
  const options = {
    ...roleOptions(values),
    host: values.bind,
    port: values.port,
    location: values.location,
    storage: values.storage,
    trackers: values.tracker,
    trackerWhitelist: values.trackerWhitelist,
    trackerReload: values.trackerReload,
    advertise: values.advertise,
    udpPort: values.udpPort,
    access: values.auth,
    auditLog: values.auditLog,
    tls: tlsOf(values),
    deletes: values.deletes,
    sparse: values.sparse,
    mustExist: values.mustExist,
    webhooks: values.webhooks,
    shutdownDelay: values.shutdownDelay,
    gcInterval: values.gcInterval,
    retention: { grace: values.gcGrace, rules: values.retention ?? [] },
    log: createLog(values.logLevel),
  };
  await runRole('registry', options.location, () => startRegistry(options), context);
}

/** Throws UsageError when one of certificate and key is missing. */
function tlsOf({ tlsCert: cert, tlsKey: key, tlsClientCa: clientCa }: RegistryValues) {
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa };
  throw new UsageError('--tls-cert and --tls-key belong together: name both');
}
