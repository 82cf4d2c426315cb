import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepository } from '../../oci/reference.ts';
import {
  checkRetention,
  defaultRetention,
  ruleFor,
  type RetentionRule,
} from './retention-rules.ts';

test('the first rule that matches a repository counts', () => {
  const rules = [
    { repositories: ['team/app', 'x/**'], keepLast: 1 },
    { repositories: ['team/*'], keepLast: 2 },
  ];
  const numberFor = (name: string) => ruleFor(rules, parseRepository(name))?.number;
  assert.equal(numberFor('team/app'), 1);
  assert.equal(numberFor('x/y/z'), 1);
  assert.equal(numberFor('team/other'), 2);
  assert.equal(numberFor('alone'), undefined);
});

test('without rules, nothing that was in use within a week goes', () => {
  checkRetention(defaultRetention);
  assert.equal(defaultRetention.grace, 7 * 24 * 3600_000);
});

for (const [what, rule] of [
  ['no repositories', { repositories: [] }],
  ['an empty pattern', { repositories: [''] }],
  ['an empty pattern of tags', { repositories: ['**'], keepLast: 1, keepTags: [''] }],
  ['a negative number of tags', { repositories: ['**'], keepLast: -1 }],
  ['half a tag', { repositories: ['**'], keepLast: 0.5 }],
  ['exempted tags, but none to remove', { repositories: ['**'], keepTags: ['v*'] }],
  ['a negative time', { repositories: ['**'], deleteUntaggedAfter: -1 }],
  ['no time', { repositories: ['**'], deleteUntaggedAfter: Number.NaN }],
] satisfies readonly (readonly [string, RetentionRule])[]) {
  test(`a rule with ${what} is refused and named`, () => {
    assert.throws(
      () => checkRetention({ grace: 0, rules: [{ repositories: ['a'] }, rule] }),
      (error: Error) => {
        assert.equal('code' in error && error.code, 'RETENTION_INVALID');
        return /retention rule 2/.test(error.message);
      },
    );
  });
}
