import { matchesPattern } from '../base/pattern.ts';
import { labelOf, type Subject } from './subject.ts';

/** What can be done with a repository. */
export const actions = ['pull', 'push', 'delete'] as const;
export type Action = (typeof actions)[number];

/** What can be given to somebody. `admin` is the management of the registry, and holds all the others. */
export const rights = [...actions, 'admin'] as const;
export type Right = (typeof rights)[number];

/** Rights in the repositories that match one of the patterns. */
export interface Grant {
  readonly rights: readonly Right[];
  readonly repositories: readonly string[];
}

/** A grant, and who has it: `anyone`, `anonymous`, `user:alice`, `group:dev`, `robot:ci-*`, `oidc:**`, `agent:*`. */
export interface Rule extends Grant {
  readonly who: readonly string[];
}

/** The rights that rules give to a subject: all that apply add up. */
export function grantsFor(rules: readonly Rule[], subject: Subject): readonly Grant[] {
  return rules.filter(({ who }) => who.some((pattern) => isMeant(pattern, subject)));
}

/** True when one of `grants` gives a right in a repository; in none (undefined) only an admin has any. */
export function allows(
  grants: readonly Grant[],
  right: Right,
  repository: string | undefined,
): boolean {
  return grants.some((grant) => {
    if (grant.rights.includes('admin')) return true;
    if (repository === undefined || !grant.rights.includes(right)) return false;
    return grant.repositories.some((pattern) => matchesPattern(pattern, repository));
  });
}

/** True for the form of `who`; its name is a pattern. */
export function isWho(text: string): boolean {
  return /^(?:anyone|anonymous|(?:user|group|robot|oidc|agent):[^\s]+)$/.test(text);
}

function isMeant(pattern: string, subject: Subject): boolean {
  if (pattern === 'anyone') return true;
  if (pattern.startsWith('group:')) {
    const name = pattern.slice('group:'.length);
    return subject.groups.some((group) => matchesPattern(name, group));
  }
  return matchesPattern(pattern, labelOf(subject));
}
