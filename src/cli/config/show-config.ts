import { findConfigFile } from '../../config/load-config.ts';
import { readSettings, type Given } from '../../config/read-settings.ts';
import { redacted } from '../../config/redacted.ts';
import { sections } from '../../config/sections.ts';
import type { SectionName, Settings } from '../../config/setting.ts';
import type { CommandContext } from '../command-context.ts';
import type { TypedRole } from '../commands/role-options.ts';
import { formatTable } from '../terminal/table.ts';

/** `docket config show`: what the roles are set to, and where that comes from. Throws ConfigError. */
export async function showConfig(
  names: readonly SectionName[],
  typed: TypedRole,
  asJson: boolean,
  { env, stdout }: CommandContext,
): Promise<void> {
  const file = await findConfigFile({ env, file: typed.file });
  const shown = names.map((name) => {
    // What a role cannot do without is no fault here: it is shown that nobody gave it.
    const sources = { flags: typed.flags, env, file, isPartial: true };
    const { given } = readSettings(name, sections[name], sources);
    return [name, given] as const;
  });
  if (asJson) {
    const settings = shown.map(([name, given]) => [name, Object.fromEntries(given.map(inJson))]);
    const value = { file: file?.path ?? null, settings: Object.fromEntries(settings) as object };
    stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    return;
  }
  const rows = shown.flatMap(([section, given]) =>
    given.map((one) => [`${section}.${one.name}`, textOf(section, one), fromOf(one)]),
  );
  stdout.write(formatTable(['SETTING', 'VALUE', 'FROM'], rows));
}

function inJson({ name, raw, source, place }: Given): readonly [string, object] {
  const value = raw === undefined ? null : redacted(raw);
  return [name, source === 'default' ? { value, source } : { value, source, place }];
}

/** A value, or in brackets what happens without one. */
function textOf(section: SectionName, { name, raw }: Given): string {
  if (raw === undefined) {
    const settings: Settings = sections[section];
    const setting = settings[name];
    return setting?.required === true ? '(not given)' : `(${setting?.otherwise ?? 'none'})`;
  }
  const value = redacted(raw);
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function fromOf({ source, place }: Given): string {
  return source === 'default' ? 'default' : place;
}
