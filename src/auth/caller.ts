import { actions, allows, type Grant, type Right } from './policy.ts';
import { covers, type RegistryPart, type Scope } from './scope.ts';
import { anonymous, labelOf, type Subject } from './subject.ts';

/** The sender of one request, with its rights: those of the rules, within what its token is for. */
export class Caller {
  readonly subject: Subject;
  readonly #grants: readonly Grant[];
  /** What the token is for; undefined: whatever the rules give. */
  readonly #scopes: readonly Scope[] | undefined;

  constructor(subject: Subject, grants: readonly Grant[], scopes?: readonly Scope[]) {
    this.subject = subject;
    this.#grants = grants;
    this.#scopes = scopes;
  }

  /** `user:alice`, as it stands in logs. */
  get label(): string {
    return labelOf(this.subject);
  }

  /** True when it may do this in a repository, or, without one, with the registry. */
  may(right: Right, repository?: string): boolean {
    return this.isAllowed(right, repository) && this.#isInScope(right, repository);
  }

  /** True when the rules allow it, whatever the token is for. */
  isAllowed(right: Right, repository?: string): boolean {
    return allows(this.#grants, right, repository);
  }

  /** True when the token, if there is one, is for this part of the registry. */
  isFor(part: RegistryPart): boolean {
    return this.#scopes === undefined || covers(this.#scopes, 'registry', part, '*');
  }

  /** Of `scopes` what the rules allow: a token may be for that. */
  narrowed(scopes: readonly Scope[]): readonly Scope[] {
    return scopes
      .map((scope) => ({ ...scope, actions: this.#allowedActions(scope) }))
      .filter((scope) => scope.actions.length > 0);
  }

  #allowedActions({ type, name, actions: wanted }: Scope): readonly string[] {
    if (type === 'registry') {
      // The lists and the tracker look at each repository.
      return name !== 'admin' || this.isAllowed('admin') ? ['*'] : [];
    }
    const all = wanted.includes('*');
    return actions.filter(
      (action) => (all || wanted.includes(action)) && this.isAllowed(action, name),
    );
  }

  #isInScope(right: Right, repository: string | undefined): boolean {
    if (this.#scopes === undefined) return true;
    if (repository === undefined) return this.isFor('admin');
    return covers(this.#scopes, 'repository', repository, right);
  }
}

/** Where nobody is asked who he is, everybody may do everything. */
export const everybody = new Caller(anonymous, [{ rights: ['admin'], repositories: ['**'] }]);
