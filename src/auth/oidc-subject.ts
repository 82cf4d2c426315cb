import { matchesPattern } from '../base/pattern.ts';
import type { Subject } from './subject.ts';

/** Whom a token of an OIDC issuer stands for, when its claims are as said. */
export interface ClaimRule {
  /** Patterns, by the claims' names. All must match. */
  readonly claims: Readonly<Record<string, string>>;
  /** The subject's name, with `{claim}` for a claim's value. */
  readonly name: string;
  readonly groups: readonly string[];
}

/** An issuer whose tokens are believed. */
export interface OidcIssuer {
  /** Exactly as the tokens have it: an https URL. */
  readonly issuer: string;
  /** Whom its tokens must be for. */
  readonly audience: string;
  /** Where its keys are; default: where its discovery document says. */
  readonly jwks: string | undefined;
  readonly subjects: readonly ClaimRule[];
}

/** The subject that the first matching rule makes of verified claims; undefined when none matches. */
export function oidcSubject(
  rules: readonly ClaimRule[],
  claims: Readonly<Record<string, unknown>>,
): Subject | undefined {
  const rule = rules.find((one) =>
    Object.entries(one.claims).every(([name, pattern]) =>
      valuesOf(claims, name).some((value) => matchesPattern(pattern, value)),
    ),
  );
  if (rule === undefined) return undefined;
  const name = rule.name.replaceAll(/\{(\w+)\}/g, (_, claim: string) => {
    return valuesOf(claims, claim)[0] ?? '';
  });
  return name === '' ? undefined : { kind: 'oidc', name, groups: rule.groups };
}

/** A claim may be a list: then one of its values must match. */
function valuesOf(claims: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  if (!Object.hasOwn(claims, name)) return [];
  const value = claims[name];
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all
    .filter((one) => ['string', 'number', 'boolean'].includes(typeof one))
    .map((one) => String(one).slice(0, 1024));
}
