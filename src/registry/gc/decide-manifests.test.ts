import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { sha256Of, type Digest } from '../../oci/digest.ts';
import type { ManifestEntry } from '../../storage/catalog.ts';
import { decideManifests } from './decide-manifests.ts';

const now = 1000;

function digestOf(name: string): Digest {
  return sha256Of(Buffer.from(name));
}

interface Drawn {
  /** The names of the indexes that point to it. */
  readonly in?: readonly string[];
  readonly about?: string;
  readonly tagged?: boolean;
  readonly young?: boolean;
}

/** A repository, drawn by the names of its manifests; gives the names of those that go, in order, with the reasons. */
function decide(drawing: Readonly<Record<string, Drawn>>): readonly string[] {
  const names = new Map(Object.keys(drawing).map((name) => [digestOf(name), name]));
  const manifests = new Map<Digest, ManifestEntry>();
  for (const [name, { in: parents = [], about, young }] of Object.entries(drawing)) {
    const digest = digestOf(name);
    manifests.set(digest, {
      digest,
      subject: about === undefined ? undefined : digestOf(about),
      parents: parents.map(digestOf),
      touchedAt: young === true ? now : now - 1,
      size: 1,
    });
  }
  const tagged = new Set(
    Object.keys(drawing)
      .filter((name) => drawing[name]?.tagged === true)
      .map(digestOf),
  );
  const doomed = drain(decideManifests({ manifests, tagged, before: now }));
  return doomed.map(({ entry, reason }) => `${names.get(entry.digest)}: ${reason}`);
}

function drain<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

test('what has neither a tag nor youth goes', () => {
  const image = { a: { tagged: true }, b: {}, c: { young: true } };
  assert.deepEqual(decide(image), ['b: untagged']);
});

test('an index keeps its manifests, also through other indexes, and takes them along', () => {
  const image = (top: Drawn) => ({ leaf: { in: ['inner'] }, inner: { in: ['outer'] }, outer: top });
  assert.deepEqual(decide(image({ tagged: true })), []);
  assert.deepEqual(decide(image({ young: true })), []);
  assert.deepEqual(decide(image({})), ['outer: untagged', 'inner: index-goes', 'leaf: index-goes']);
});

test('what is about a manifest lives as long as that, also when it is about something about it', () => {
  const image = (subject: Drawn) => ({
    note: { about: 'signature' },
    signature: { about: 'subject' },
    subject,
  });
  assert.deepEqual(decide(image({ tagged: true })), []);
  assert.deepEqual(decide(image({})), [
    'subject: untagged',
    'signature: subject-goes',
    'note: subject-goes',
  ]);
});

test('what is about a manifest that was never here goes as any other', () => {
  assert.deepEqual(decide({ a: { about: 'elsewhere' } }), ['a: untagged']);
  assert.deepEqual(decide({ a: { about: 'elsewhere', tagged: true } }), []);
});

test('a tagged artifact does not keep its subject', () => {
  assert.deepEqual(decide({ a: { about: 'b', tagged: true }, b: {} }), ['b: untagged']);
});

test('a manifest of two indexes stays with one, and goes after both', () => {
  const image = (tagged: boolean) => ({ leaf: { in: ['a', 'b'] }, a: {}, b: { tagged } });
  assert.deepEqual(decide(image(true)), ['a: untagged']);
  assert.equal(decide(image(false)).at(-1), 'leaf: index-goes');
});

test('indexes that list the next one twice, thirty deep, are decided at once', () => {
  const drawing: Record<string, Drawn> = { '0': {} };
  for (let depth = 1; depth < 30; depth++) {
    drawing[`${depth}`] = { in: [`${depth - 1}`, `${depth - 1}`] };
  }
  assert.equal(decide(drawing).length, 30);
  assert.deepEqual(decide({ ...drawing, '0': { tagged: true } }), []);
});

test('a chain of a hundred thousand manifests is decided without trouble, in short steps', () => {
  const manifests = new Map<Digest, ManifestEntry>();
  const digests = Array.from({ length: 100_000 }, (_, at) => `sha256:${at}` as Digest);
  for (const [at, digest] of digests.entries()) {
    const subject = digests[at - 1];
    manifests.set(digest, { digest, subject, parents: [], touchedAt: 0, size: 1 });
  }
  const steps = decideManifests({ manifests, tagged: new Set(digests.slice(0, 1)), before: now });
  let count = 0;
  while (steps.next().done !== true) count++;
  assert.ok(count > 400);
  const doomed = drain(decideManifests({ manifests, tagged: new Set(), before: now }));
  assert.deepEqual(
    doomed.map(({ entry }) => entry.digest),
    digests,
  );
});

test('of any graph, just what nothing that lives leads to goes, each after its keepers', () => {
  const graphs = fc.array(
    fc.record({
      parents: fc.uniqueArray(fc.nat(30), { maxLength: 3 }),
      subject: fc.option(fc.nat(30), { nil: undefined }),
      tagged: fc.boolean(),
      young: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(graphs, (graph) => {
      // What keeps a manifest was made after those it lists and before those about it: no circles, as digests see to.
      const names = graph.map((_, at) => digestOf(`${at}`));
      const manifests = new Map<Digest, ManifestEntry>();
      for (const [at, node] of graph.entries()) {
        const earlier = (index: number): Digest | undefined =>
          index < at ? names[index] : undefined;
        const digest = names[at] as Digest;
        manifests.set(digest, {
          digest,
          subject: node.subject === undefined ? undefined : earlier(node.subject),
          parents: node.parents.map(earlier).filter((parent) => parent !== undefined),
          touchedAt: node.young ? now : 0,
          size: 1,
        });
      }
      const tagged = new Set(names.filter((_, at) => graph[at]?.tagged === true));
      const lives = (digest: Digest | undefined): boolean => {
        const entry = digest === undefined ? undefined : manifests.get(digest);
        if (entry === undefined) return false;
        if (tagged.has(entry.digest) || entry.touchedAt >= now) return true;
        return [...entry.parents, entry.subject].some(lives);
      };
      const doomed = drain(decideManifests({ manifests, tagged, before: now }));
      const order = doomed.map(({ entry }) => entry.digest);
      assert.deepEqual(order.toSorted(), names.filter((digest) => !lives(digest)).toSorted());
      for (const { entry } of doomed) {
        for (const keeper of [...entry.parents, entry.subject]) {
          if (keeper === undefined || !manifests.has(keeper)) continue;
          assert.ok(order.indexOf(keeper) < order.indexOf(entry.digest));
        }
      }
    }),
  );
});
