import { resolve } from 'node:path';
import { profilingEnvironment } from '../../profiling.ts';
import type { FleetOptions } from '../options.ts';

/** What is common to all roles of Docket in a run. */
export interface RoleSettings {
  readonly name: string;
  readonly logLevel: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function roleSettings(name: string, options: FleetOptions): RoleSettings {
  const { keepLogs, cpuProfile } = options;
  return {
    name,
    logLevel: keepLogs === undefined ? 'warn' : 'info',
    environment: profilingEnvironment(
      cpuProfile === undefined ? undefined : resolve(cpuProfile),
      name.replaceAll(/[^a-z0-9]+/gi, '-'),
    ),
  };
}
