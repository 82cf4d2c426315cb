/** What kinds of callers there are. `agent` is a host that enrolled. */
const subjectKinds = ['anonymous', 'user', 'robot', 'oidc', 'agent'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** Who asks. */
export interface Subject {
  readonly kind: SubjectKind;
  /** Unique among its kind; empty for the anonymous. */
  readonly name: string;
  readonly groups: readonly string[];
}

/** Whoever brings no credentials. */
export const anonymous: Subject = { kind: 'anonymous', name: '', groups: [] };

/** `user:alice`, `robot:ci`, `anonymous`: how a subject stands in rules, tokens and logs. */
export function labelOf({ kind, name }: Pick<Subject, 'kind' | 'name'>): string {
  return kind === 'anonymous' ? kind : `${kind}:${name}`;
}

/** The kind and name of a label; undefined when it is none. */
export function parseLabel(label: string): Pick<Subject, 'kind' | 'name'> | undefined {
  if (label === 'anonymous') return { kind: 'anonymous', name: '' };
  const colon = label.indexOf(':');
  const kind = subjectKinds.find((one) => one === label.slice(0, colon));
  const name = label.slice(colon + 1);
  if (colon === -1 || kind === undefined || kind === 'anonymous' || name === '') return undefined;
  return { kind, name };
}
