import { isRepository } from '../oci/reference.ts';

/** What of the registry itself a token can be for. */
const registryParts = ['catalog', 'tracker', 'admin'] as const;
export type RegistryPart = (typeof registryParts)[number];
const registryNames: ReadonlySet<string> = new Set(registryParts);

/**
 * What a token is for, as in Docker's token flow: actions on a repository (`pull`, `push`, `delete`), or on the registry
 * (`catalog`, `tracker` and `admin`, each with `*`).
 */
export interface Scope {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

/** The most scopes of one request: clients name a few. */
const mostScopes = 100;
const longestScope = 2048;

/**
 * The scopes of `scope` parameters, each of which may hold several with spaces between; the same resource named twice
 * counts once, with all its actions. What makes no sense is left out, as whoever asks for less gets less.
 */
export function parseScopes(texts: readonly string[]): readonly Scope[] {
  const found = new Map<string, Scope>();
  for (const text of texts.flatMap((one) => one.split(' ')).slice(0, mostScopes)) {
    const scope = parseScope(text);
    if (scope === undefined) continue;
    const key = `${scope.type}:${scope.name}`;
    const actions = new Set([...(found.get(key)?.actions ?? []), ...scope.actions]);
    found.set(key, { ...scope, actions: [...actions] });
  }
  return [...found.values()];
}

/** `repository:team/app:pull,push`. */
export function formatScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(',')}`;
}

/** True when one of `scopes` holds the action. */
export function covers(
  scopes: readonly Scope[],
  type: Scope['type'],
  name: string,
  action: string,
): boolean {
  return scopes.some(
    (scope) =>
      scope.type === type &&
      scope.name === name &&
      (scope.actions.includes(action) || scope.actions.includes('*')),
  );
}

/** A name may hold colons: of a host's port. */
function parseScope(text: string): Scope | undefined {
  if (text.length > longestScope) return undefined;
  const [, type, name = '', list = ''] =
    /^(repository|registry)(?:\([^)]*\))?:(.+):([^:]*)$/.exec(text) ?? [];
  const actions = list.split(',').filter((action) => /^(?:[a-z]+|\*)$/.test(action));
  if (actions.length === 0) return undefined;
  if (type === 'repository' && isRepository(name)) return { type, name, actions };
  if (type === 'registry' && registryNames.has(name)) return { type, name, actions };
  return undefined;
}
