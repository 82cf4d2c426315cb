import { DocketError } from '../../base/errors.ts';
import type { Repository } from '../../oci/reference.ts';
import { matchesPattern } from '../../base/pattern.ts';

/** What stays in some repositories. */
export interface RetentionRule {
  /** Patterns of repositories: `*` is any text without a slash, `**` any text, `?` one character. */
  readonly repositories: readonly string[];
  /** How many tags stay, those that were pushed last; without it, all. */
  readonly keepLast?: number | undefined;
  /** Patterns of tags that stay in any case, and do not count. Only with `keepLast`, which may be 0. */
  readonly keepTags?: readonly string[] | undefined;
  /**
   * Milliseconds that a manifest without a tag stays after it was last pushed, asked for or tagged: at least the grace,
   * which is the default.
   */
  readonly deleteUntaggedAfter?: number | 'never' | undefined;
}

/** What the garbage collection leaves alone. */
export interface RetentionRules {
  /** Milliseconds that everything stays after it was last pushed, asked for or pointed to. */
  readonly grace: number;
  /** The first one that matches a repository counts. */
  readonly rules: readonly RetentionRule[];
}

const day = 24 * 3600_000;

/** Nothing goes that was in use within a week, and tags go only when somebody says so. */
export const defaultRetention: RetentionRules = { grace: 7 * day, rules: [] };

/** Raised for rules that say nothing sensible: better no start than images lost. */
export class RetentionError extends DocketError {
  declare readonly code: 'RETENTION_INVALID';
}

/** Throws RetentionError, with what is wrong and what was expected. */
export function checkRetention({ grace, rules }: RetentionRules): void {
  expect(isAmount(grace), 'the grace must be a time of 0 or more');
  for (const [index, rule] of rules.entries()) {
    const name = `retention rule ${index + 1}`;
    const { repositories, keepLast, keepTags = [], deleteUntaggedAfter: after = 0 } = rule;
    expect(
      repositories.length > 0,
      `${name} names no repositories: expected patterns like team/**`,
    );
    for (const pattern of [...repositories, ...keepTags]) {
      expect(pattern !== '', `${name} has an empty pattern`);
    }
    expect(
      keepLast === undefined || (Number.isSafeInteger(keepLast) && keepLast >= 0),
      `${name}: keepLast must be a number of tags, 0 or more`,
    );
    expect(
      keepTags.length === 0 || keepLast !== undefined,
      `${name} exempts tags by keepTags, but removes none: say keepLast too (0 to keep no others)`,
    );
    expect(
      after === 'never' || isAmount(after),
      `${name}: deleteUntaggedAfter must be a time of 0 or more, or never`,
    );
  }
}

/** A rule, and which one it is: its place in the list, from 1. */
export interface MatchingRule extends RetentionRule {
  readonly number: number;
}

/** The rule of a repository; undefined when none speaks of it. */
export function ruleFor(
  rules: readonly RetentionRule[],
  repository: Repository,
): MatchingRule | undefined {
  const index = rules.findIndex(({ repositories }) =>
    repositories.some((pattern) => matchesPattern(pattern, repository)),
  );
  const rule = rules[index];
  return rule && { ...rule, number: index + 1 };
}

function isAmount(milliseconds: number): boolean {
  return Number.isFinite(milliseconds) && milliseconds >= 0;
}

function expect(isRight: boolean, message: string): void {
  if (!isRight) throw new RetentionError('RETENTION_INVALID', message);
}

/** A use of something is noted when the last one that was noted is older than this: a tenth of the grace (milliseconds). */
export function touchAgeOf({ grace }: Pick<RetentionRules, 'grace'>): number {
  return grace / 10;
}
