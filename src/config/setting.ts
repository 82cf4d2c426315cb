import type { Kinds } from './kinds.ts';

/** What a value of a setting is, and how it is written: the names of `kinds.ts`. */
export type Kind = keyof Kinds;

/**
 * One thing that can be set. Its name is the key in a file (`peerPort` in the section `registry`), and makes the variable
 * (`DOCKET_REGISTRY_PEER_PORT`). Flags, the reference and the JSON schema are made of the same declaration.
 */
export interface Setting {
  readonly kind: Kind;
  /** What it does, in a few words without a full stop. */
  readonly text: string;
  /** How it stands on the command line, as commander writes it; without one it cannot be given there. */
  readonly flag?: string;
  /** What it is when nobody says anything, as it would stand in a file. */
  readonly default?: string | number | boolean | readonly string[];
  /** What happens without it, for people, when that is no plain value. */
  readonly otherwise?: string;
  /** True when a role cannot do without. */
  readonly required?: true;
}

/** Kinds that have parts: in a variable they stand as JSON. */
export const structuredKinds: ReadonlySet<Kind> = new Set([
  'access',
  'webhooks',
  'retention',
  'storage',
]);

export type Settings = Readonly<Record<string, Setting>>;

/** What a setting's value is after it was read. */
export type ValueOf<S extends Setting> = S extends
  | { readonly default: NonNullable<Setting['default']> }
  | { readonly required: true }
  ? Kinds[S['kind']]
  : Kinds[S['kind']] | undefined;

/** The values of a section. */
export type ValuesOf<T extends Settings> = { readonly [Name in keyof T]: ValueOf<T[Name]> };

/** The parts of a file, and of the variables' names. */
export type SectionName = 'registry' | 'agent';

/** The variable of a setting: `DOCKET_REGISTRY_PEER_PORT`. */
export function variableOf(section: SectionName, name: string): string {
  return `DOCKET_${section.toUpperCase()}_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** The long flag of a setting, `--peer-port`; undefined when it has none. */
export function flagOf(setting: Setting): string | undefined {
  return /--[a-z-]+/.exec(setting.flag ?? '')?.[0];
}
