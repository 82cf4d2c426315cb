import type { z } from 'zod';
import { ConfigError, type Problem } from './config-error.ts';
import type { ConfigFile, KeyPath } from './config-file.ts';
import { kinds } from './kinds.ts';
import { nearest, unknownKey } from './nearest.ts';
import {
  flagOf,
  structuredKinds,
  variableOf,
  type SectionName,
  type Settings,
  type ValuesOf,
} from './setting.ts';

/** Where settings come from. What stands first counts most. */
export interface Sources {
  /** The flags that were given, by the settings' names. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | undefined;
  /** True when what a role cannot do without may come from elsewhere. */
  readonly isPartial?: boolean;
}

/** A setting as it was given, and by whom. */
export interface Given {
  readonly name: string;
  /** As it was written; undefined when nobody did. */
  readonly raw: unknown;
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  /** The flag, the variable, or `FILE:LINE:COLUMN`. */
  readonly place: string;
}

/** What all sources together say. */
export interface ReadSettings<T extends Settings> {
  readonly values: ValuesOf<T>;
  readonly given: readonly Given[];
}

/**
 * Reads a section: of each setting the flag counts before the variable, that before the file, and that before the default.
 * Throws ConfigError that tells everything that is wrong, also what is set where it does not count.
 */
export function readSettings<T extends Settings>(
  section: SectionName,
  settings: T,
  sources: Sources,
): ReadSettings<T> {
  const problems = [
    ...unknownInFile(section, settings, sources.file),
    ...unknownVariables(section, settings, sources.env),
  ];
  const values: Record<string, unknown> = {};
  const given: Given[] = [];
  for (const name of Object.keys(settings)) {
    const all = givenFor(section, settings, name, sources);
    const [first] = all;
    for (const one of all) {
      const result = kinds[settings[name]?.kind ?? 'text'].safeParse(one.raw);
      if (!result.success) problems.push(...problemsOf(section, one, result.error, sources.file));
      else if (one === first) values[name] = result.data;
    }
    if (first === undefined && settings[name]?.required === true && sources.isPartial !== true) {
      problems.push(missing(section, settings, name));
    }
    given.push(first ?? { name, raw: undefined, source: 'default', place: 'default' });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { values: values as ValuesOf<T>, given };
}

/** Everybody who says something of a setting, the one that counts first. */
function givenFor(
  section: SectionName,
  settings: Settings,
  name: string,
  { flags, env, file }: Sources,
): readonly Given[] {
  const setting = settings[name];
  const all: Given[] = [];
  if (setting === undefined) return all;
  if (flags[name] !== undefined) {
    all.push({ name, raw: flags[name], source: 'flag', place: flagOf(setting) ?? name });
  }
  const variable = variableOf(section, name);
  const text = env[variable];
  if (text !== undefined && text !== '' && !isServiceLink(variable, text)) {
    const raw = structuredKinds.has(setting.kind) ? fromJson(text) : text;
    all.push({ name, raw, source: 'environment', place: variable });
  }
  const inFile = file?.section(section)[name];
  if (file !== undefined && inFile !== undefined && inFile !== null) {
    const place = file.placeOf([section, name]);
    all.push({ name, raw: inFile, source: 'file', place });
  }
  if (setting.default !== undefined) {
    all.push({ name, raw: setting.default, source: 'default', place: 'default' });
  }
  return all;
}

/** What is no JSON is refused as a text where none is expected. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function unknownInFile(
  section: SectionName,
  settings: Settings,
  file: ConfigFile | undefined,
): readonly Problem[] {
  const names = Object.keys(settings);
  return Object.keys(file?.section(section) ?? {})
    .filter((key) => !Object.hasOwn(settings, key))
    .map((key) => ({
      place: file?.placeOfKey([section, key]) ?? '',
      message: `${section}: ${unknownKey(key, names)}`,
    }));
}

function unknownVariables(
  section: SectionName,
  settings: Settings,
  env: Sources['env'],
): readonly Problem[] {
  const known = new Set(Object.keys(settings).map((name) => variableOf(section, name)));
  return Object.entries(env)
    .filter(([name]) => name.startsWith(`DOCKET_${section.toUpperCase()}_`) && !known.has(name))
    .filter(([name, value]) => !isServiceLink(name, value ?? ''))
    .map(([name]) => {
      const near = nearest(name, known);
      const hint = near === undefined ? '' : `: did you mean ${near}?`;
      return { place: name, message: `there is no such variable${hint}` };
    });
}

/** Kubernetes sets such variables for a service that is called `docket-registry` or `docket-agent`. */
function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_(HOST|PORT(_\w+)?)$/.test(name)) return true;
  if (/_PORT_\d+_(TCP|UDP)(_(ADDR|PORT|PROTO))?$/.test(name)) return true;
  return name.endsWith('_PORT') && /^(tcp|udp):\/\//.test(value);
}

function missing(section: SectionName, settings: Settings, name: string): Problem {
  const setting = settings[name];
  const flag = setting === undefined ? undefined : flagOf(setting);
  return {
    place: flag ?? `${section}.${name}`,
    message:
      `it is not given: expected ${setting?.text ?? name}, here, as ${variableOf(section, name)} ` +
      `or as ${section}.${name} in a configuration file`,
  };
}

function problemsOf(
  section: SectionName,
  given: Given,
  error: z.ZodError,
  file: ConfigFile | undefined,
): readonly Problem[] {
  return error.issues.flatMap(telling).flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const key: KeyPath = [section, given.name, ...path];
    const inFile = given.source === 'file' ? file : undefined;
    const name = [given.name, ...path].join('.');
    const isWhole = path.length === 0 || given.source === 'flag';
    const label = inFile === undefined ? (isWhole ? '' : `${name}: `) : `${section}.${name}: `;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((unknown) => ({
        place: inFile?.placeOfKey([...key, unknown]) ?? given.place,
        message: `${label}${unknownKey(unknown, expectedKeys(issue))}`,
      }));
    }
    return [
      { place: inFile?.placeOf(key) ?? given.place, message: `${label}${messageFor(issue)}` },
    ];
  });
}

/** Of what has several forms, what is wrong by the one that was meant: the one that got furthest. */
function telling(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(
      ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)),
    );
  const [best = []] = issue.errors.toSorted((a, b) => depth(b) - depth(a));
  if (depth(best) === 0) return [issue];
  return best.flatMap((inner) => telling({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Objects of `base/schema.ts` name their keys with the issue. */
function expectedKeys(issue: z.core.$ZodIssueUnrecognizedKeys): readonly string[] {
  return issue.message.split(' ');
}

function messageFor(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') {
    return `expected one of ${issue.values.map(String).join(', ')}`;
  }
  return issue.message;
}
