import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { digestOf, sha256Of } from '../../oci/digest.ts';
import { parseTag } from '../../oci/reference.ts';
import type { TagEntry } from '../../storage/catalog.ts';
import { decideTags } from './decide-tags.ts';
import type { RetentionRule } from './retention-rules.ts';

const digest = sha256Of(Buffer.from('image'));
const now = 1000;

function decide(
  times: Readonly<Record<string, number>>,
  rule: Omit<RetentionRule, 'repositories'>,
  manifests: ReadonlyMap<typeof digest, unknown> = new Map(),
) {
  const tags = Object.entries(times)
    .map(([name, pushedAt]): TagEntry => ({ name: parseTag(name), digest, pushedAt }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const steps = decideTags(tags, manifests, { ...rule, repositories: ['**'], number: 1 }, now);
  for (;;) {
    const step = steps.next();
    if (step.done === true)
      return step.value.map(({ name, reason }) => `${name}: ${reason}`).sort();
  }
}

test('the tags that were pushed last stay, and all of them without a number', () => {
  const tags = { a: 3, b: 1, c: 2, d: 4 };
  assert.deepEqual(decide(tags, { keepLast: 2 }), ['b: not-kept', 'c: not-kept']);
  assert.deepEqual(decide(tags, { keepLast: 4 }), []);
  assert.deepEqual(decide(tags, { keepLast: 100 }), []);
  assert.deepEqual(decide(tags, { keepLast: 0 }).length, 4);
  assert.deepEqual(decide(tags, {}), []);
  assert.deepEqual(decide({}, { keepLast: 0 }), []);
});

test('tags that match a pattern stay and do not count', () => {
  const tags = { v1: 1, v2: 2, latest: 3, 'build-1': 4, 'build-2': 5 };
  const rule = { keepLast: 1, keepTags: ['v*', 'latest'] };
  assert.deepEqual(decide(tags, rule), ['build-1: not-kept']);
  assert.deepEqual(decide(tags, { ...rule, keepLast: 0 }), [
    'build-1: not-kept',
    'build-2: not-kept',
  ]);
});

test('of tags that were pushed in the same moment the last ones by name stay', () => {
  assert.deepEqual(decide({ a: 1, b: 1, c: 1, d: 0 }, { keepLast: 2 }), [
    'a: not-kept',
    'd: not-kept',
  ]);
});

test('tags about a manifest stay as long as it does, and do not count', () => {
  const hex = digest.slice('sha256:'.length);
  const sha512 = digestOf('sha512', Buffer.from('image'));
  const cut = `sha512-${sha512.slice('sha512:'.length).slice(0, 64)}`;
  const tags = { [`sha256-${hex}.sig`]: 1, [`sha256-${hex}`]: 1, [cut]: 1, image: 2 };
  const both = new Map([digest, sha512].map((key) => [key, undefined]));
  assert.deepEqual(decide(tags, { keepLast: 1 }, both), []);
  assert.deepEqual(
    decide(tags, { keepLast: 1 }),
    [
      `sha256-${hex}.sig: subject-gone`,
      `sha256-${hex}: subject-gone`,
      `${cut}: subject-gone`,
    ].sort(),
  );
  assert.deepEqual(decide({ [`sha256-${hex}.sig`]: now }, { keepLast: 0 }), []);
});

test('whatever the times, as many tags stay as the rule says, and none older than one that goes', () => {
  const times = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.nat(20), { maxKeys: 40 });
  fc.assert(
    fc.property(times, fc.nat(45), (tags, keepLast) => {
      const gone = new Set(decide(tags, { keepLast }).map((text) => text.split(':')[0]));
      const kept = Object.keys(tags).filter((name) => !gone.has(name));
      assert.equal(kept.length, Math.min(keepLast, Object.keys(tags).length));
      const oldestKept = Math.min(...kept.map((name) => tags[name] ?? 0));
      for (const name of gone) assert.ok((tags[name ?? ''] ?? 0) <= oldestKept);
    }),
  );
});
