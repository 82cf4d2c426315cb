import { resolve } from 'node:path';
import type { FleetOptions } from '../options.ts';

/** What is common to all roles of Docket in a run. */
export interface RoleSettings {
  readonly name: string;
  readonly logLevel: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function roleSettings(name: string, options: FleetOptions): RoleSettings {
  const { keepLogs, cpuProfile } = options;
  const file = `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.cpuprofile`;
  return {
    name,
    logLevel: keepLogs === undefined ? 'warn' : 'info',
    environment:
      cpuProfile === undefined
        ? {}
        : {
            NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(cpuProfile)} --cpu-prof-name=${file}`,
          },
  };
}
