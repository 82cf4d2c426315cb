import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.ts';

test('all cases but the large one are measured unless it is asked for', () => {
  const names = ['pull-1', 'pull-16', 'push', 'manifests', 'small-pushes'];
  assert.deepEqual(parseOptions([]).cases, names);
  assert.deepEqual(parseOptions(['--large']).cases, [...names, 'large']);
  assert.deepEqual(parseOptions(['--cases', 'push,large', '--large']).cases, ['push', 'large']);
});

test('what cannot be measured is refused with its name', () => {
  assert.throws(() => parseOptions(['--cases', 'pull']), /--cases knows pull-1, .*, not "pull"/);
  assert.throws(() => parseOptions(['--runs', '0']), /--runs must be 1 or more/);
  assert.throws(() => parseOptions(['--gets', 'many']), /--gets must be 1 or more/);
});
