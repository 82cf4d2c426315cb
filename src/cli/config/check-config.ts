import { ConfigError } from '../../config/config-error.ts';
import { ConfigFile } from '../../config/config-file.ts';
import { readSettings } from '../../config/read-settings.ts';
import { sectionNames, sections } from '../../config/sections.ts';
import type { CommandContext } from '../command-context.ts';

/** `docket config check`: looks through a file as the roles do, whatever the environment says. Throws ConfigError. */
export async function checkConfig(path: string, { stderr }: CommandContext): Promise<void> {
  const file = await ConfigFile.read(path);
  const problems = sectionNames.flatMap((name) => {
    if (Object.keys(file.section(name)).length === 0) return [];
    try {
      readSettings(name, sections[name], { flags: {}, env: {}, file, isPartial: true });
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  stderr.write(`${path}: all is right\n`);
}
