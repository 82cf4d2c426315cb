import { access } from 'node:fs/promises';
import { codeOf } from '../base/errors.ts';
import type { ConfigFile } from './config-file.ts';
import { readSettings, type ReadSettings, type Sources } from './read-settings.ts';
import { sections } from './sections.ts';
import type { SectionName } from './setting.ts';

/** What a role is started with, before its file is read. */
export interface ConfigRequest {
  readonly flags: Sources['flags'];
  readonly env: Sources['env'];
  /** The file that was named by a flag. */
  readonly file: string | undefined;
}

/** Reads all that is said about a role. Throws ConfigError. */
export async function loadConfig<Name extends SectionName>(
  section: Name,
  request: ConfigRequest,
): Promise<ReadSettings<(typeof sections)[Name]>> {
  const file = await findConfigFile(request);
  return readSettings(section, sections[section], { ...request, file });
}

/** Where a file is looked for when none is named. */
const usualConfigFile = '/etc/docket/docket.yaml';

/** The file that `--config` names, else `DOCKET_CONFIG`, else the usual one if there is one. Throws ConfigError. */
export async function findConfigFile(
  request: Pick<ConfigRequest, 'env' | 'file'>,
): Promise<ConfigFile | undefined> {
  const named = request.file ?? (request.env['DOCKET_CONFIG'] || undefined);
  // What reads a file is loaded only where there is one.
  if (named === undefined && !(await isThere(usualConfigFile))) return undefined;
  const { ConfigFile } = await import('./config-file.ts');
  return await ConfigFile.read(named ?? usualConfigFile);
}

/** One that may not be read is there, and must be told of. */
async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  );
}
